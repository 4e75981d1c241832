package hub_test

import (
	"sync"
	"testing"
	"time"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// A tally is what an observer has been told so far.
type tally struct {
	mu             sync.Mutex // guards what follows
	rooms, members int
	flushed        hub.Tally
	held           time.Duration
}

func (s *tally) RoomsChanged(by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rooms += by
}

func (s *tally) MembersChanged(by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members += by
}

func (s *tally) Flushed(t hub.Tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushed.Messages += t.Messages
	s.flushed.Deliveries += t.Deliveries
	s.flushed.Bytes += t.Bytes
}

func (s *tally) Held(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held += d
}

func (s *tally) want(t *testing.T, when string, rooms, members int, flushed hub.Tally) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rooms != rooms || s.members != members || s.flushed != flushed {
		t.Errorf("%s: told of %d rooms, %d members, %+v, want %d, %d, %+v", when, s.rooms, s.members, s.flushed, rooms, members, flushed)
	}
}

func TestObserver(t *testing.T) {
	h, plain, seen := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines), new(tally)
	h.Observe(seen)
	ana, _ := join(t, h, "ops", "ana", plain, false)
	beto, _ := join(t, h, "ops", "beto", plain, true)
	carla, _ := join(t, h, "ops", "carla", &lines{prefix: "> "}, false)
	davi, _ := join(t, h, "lobby", "davi", plain, false)
	seen.want(t, "all there", 2, 4, hub.Tally{})
	say(t, ana, "oi") // "oi\n" to beto, "> oi\n" to carla
	seen.want(t, "oi", 2, 4, hub.Tally{Messages: 1, Deliveries: 2, Bytes: 8})
	say(t, beto, "eco") // to all three
	seen.want(t, "eco", 2, 4, hub.Tally{Messages: 2, Deliveries: 5, Bytes: 8 + 4 + 4 + 6})
	say(t, davi, "alone")
	after := hub.Tally{Messages: 3, Deliveries: 5, Bytes: 22}
	seen.want(t, "alone", 2, 4, after)
	again := &hub.Member{ID: ana.ID, Encoding: plain, Conn: new(inbox)}
	if replaced, err := h.Join(t.Context(), "ops", again); replaced != ana || err != nil {
		t.Fatalf("Join = %v, %v, want ana replaced", replaced, err)
	}
	ana.Leave(false)
	seen.want(t, "ana replaced", 2, 4, after)
	for _, m := range []*hub.Member{again, beto, carla, davi} {
		m.Leave(false)
	}
	seen.want(t, "all gone", 0, 0, after)
}
