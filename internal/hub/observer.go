package hub

import "time"

// An Observer is told what happens in the hub, for statistics. Its methods may be called concurrently, and with a
// room locked: they must not block and must not call the hub.
type Observer interface {
	RoomsChanged(by int) // those that somebody is in, or may return to
	MembersChanged(by int)
	// Flushed follows each flush of a room.
	Flushed(t Tally)
	// Held follows each wait of a publisher for those who lag.
	Held(d time.Duration)
}

// A Tally is what one flush has brought to the members. It counts messages only, not who comes and goes.
type Tally struct {
	Messages   int // that were published
	Deliveries int // messages times those who receive them; what is read of the history is not among them
	Bytes      int // of all deliveries, in their wire formats
}

// Observe makes o the hub's observer. Call it before anything else.
func (h *Hub) Observe(o Observer) { h.observer = careful{o, h} }

// unobserved is the observer of a hub without one.
type unobserved struct{}

func (unobserved) RoomsChanged(int)   {}
func (unobserved) MembersChanged(int) {}
func (unobserved) Flushed(Tally)      {}
func (unobserved) Held(time.Duration) {}

// add counts a message of so many bytes for so many members.
func (t *Tally) add(bytes, members int) {
	if bytes > 0 {
		t.Deliveries += members
		t.Bytes += bytes * members
	}
}
