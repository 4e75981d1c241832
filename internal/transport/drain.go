package transport

import (
	"context"
	"math/rand/v2"
	"time"

	"recado"
)

const (
	// perLeave is how much longer a drain takes for each client.
	perLeave = 5 * time.Millisecond
	// minReturn is a moment for the new server to start.
	minReturn = 500 * time.Millisecond
)

// drain lets the clients go one after the other. All are told at once when to come back: after the last has gone, and
// at random within as long a time again, so that they do not come all together either.
func (t *Transport) drain(ctx context.Context) {
	all := t.roster.all()
	window := min(time.Duration(len(all))*perLeave, max(t.limits.Load().Drain, 0))
	turn := func(i int) time.Duration { return window * time.Duration(i) / time.Duration(len(all)) }
	began := time.Now()
	for i, s := range all {
		after := window + minReturn + rand.N(window+minReturn) - turn(i) // a client counts from its close
		s.guard(func() { s.drain(after) })
	}
	for i, s := range all {
		if !pauseUntil(ctx, began.Add(turn(i))) {
			return
		}
		s.guard(func() { s.close(recado.CloseRestart, recado.CloseRestart.Reason(), "server stops") })
	}
}

// pauseUntil reports whether the time has come before ctx ended.
func pauseUntil(ctx context.Context, t time.Time) bool {
	wait := time.Until(t)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
