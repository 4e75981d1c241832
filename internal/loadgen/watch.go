package loadgen

import (
	"sync/atomic"
	"time"
)

// A Phase is what a run does at the moment.
type Phase int32

// The phases, in their order. Settling is Idle's only one after Joining.
const (
	Connecting Phase = iota
	Joining
	Warming
	Measuring
	Draining
	Settling
)

// A Watch shows how far a run has come. Its zero value is ready, and its methods may be called concurrently.
type Watch struct {
	phase      atomic.Int32
	since      atomic.Int64 // the phase's start, in nanoseconds of the epoch
	connected  atomic.Int64
	deliveries atomic.Int64
}

// A State is what a Watch shows.
type State struct {
	Phase      Phase
	Passed     time.Duration // in this phase
	Connected  int
	Deliveries int64 // from the first message on
}

// State is the present one.
func (w *Watch) State() State {
	s := State{Phase: Phase(w.phase.Load()), Connected: int(w.connected.Load()), Deliveries: w.deliveries.Load()}
	if since := w.since.Load(); since > 0 {
		s.Passed = time.Since(time.Unix(0, since))
	}
	return s
}

func (w *Watch) enter(p Phase) {
	w.since.Store(time.Now().UnixNano())
	w.phase.Store(int32(p))
}
