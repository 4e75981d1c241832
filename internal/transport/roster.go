package transport

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"recado"
)

// A roster has all sessions, by the tick at which each is to be looked at next, so that one ticker serves the
// keepalive of all of them.
type roster struct {
	tick              time.Duration
	interval, timeout int64        // in ticks; interval 0: no pings
	time              atomic.Int64 // ticks so far

	mu    sync.Mutex   // guards slots and each session's place and pinged
	slots [][]*session // slots[t % len(slots)] is looked at in tick t
}

// A place is where the roster has a session; index counts from 1, 0 is nowhere.
type place struct{ slot, index int32 }

func newRoster(l *recado.Limits) *roster {
	r := &roster{tick: time.Second}
	if l.PingInterval != recado.Off {
		r.tick = min(r.tick, max(min(l.PingInterval, l.PingTimeout)/10, time.Millisecond))
		r.interval = int64(max(1, l.PingInterval/r.tick))
		r.timeout = int64(max(1, l.PingTimeout/r.tick))
	}
	r.slots = make([][]*session, r.interval+1)
	return r
}

// now is the present tick.
func (r *roster) now() int64 { return r.time.Load() }

func (r *roster) add(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.heard.Store(r.now())
	r.put(s, r.now()+r.interval)
}

func (r *roster) remove(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.take(s)
}

// all returns the sessions of this moment.
func (r *roster) all() []*session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Concat(r.slots...)
}

// run looks after the sessions until ctx ends; each is called once a tick besides.
func (r *roster) run(ctx context.Context, each func()) {
	ticker := time.NewTicker(r.tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			silent, dead := r.advance()
			for _, s := range silent {
				s.guard(s.ping)
			}
			for _, s := range dead {
				s.guard(func() { s.close(recado.ClosePingTimeout, recado.ClosePingTimeout.Reason(), "no answer to a ping") })
			}
			each()
		}
	}
}

// advance begins the next tick and returns the sessions to be pinged and those that did not answer.
func (r *roster) advance() (silent, dead []*session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.time.Add(1)
	if r.interval == 0 {
		return nil, nil
	}
	for _, s := range slices.Clone(r.slots[now%int64(len(r.slots))]) {
		r.take(s)
		heard := s.heard.Load()
		if heard >= s.pinged {
			s.pinged = 0 // answered
		}
		switch {
		case s.pinged > 0 && now-s.pinged < r.timeout:
			r.put(s, min(s.pinged+r.timeout, now+r.interval))
		case s.pinged > 0:
			dead = append(dead, s)
			r.put(s, now+r.interval) // until it has finished
		case now-heard < r.interval:
			r.put(s, heard+r.interval)
		default:
			s.pinged = now
			silent = append(silent, s)
			r.put(s, now+min(r.timeout, r.interval))
		}
	}
	return silent, dead
}

// put and take are called with mu held.
func (r *roster) put(s *session, tick int64) {
	slot := tick % int64(len(r.slots))
	r.slots[slot] = append(r.slots[slot], s)
	s.place = place{slot: int32(slot), index: int32(len(r.slots[slot]))}
}

func (r *roster) take(s *session) {
	if s.place.index == 0 {
		return
	}
	slot := r.slots[s.place.slot]
	last := len(slot) - 1
	slot[s.place.index-1] = slot[last]
	slot[last].place.index = s.place.index
	slot[last] = nil
	r.slots[s.place.slot] = slot[:last]
	s.place = place{}
}
