package memory

import (
	"time"

	"recado"
)

const (
	window      = int64(12 * time.Minute / time.Millisecond) // within which an id is recognised
	maxIDs      = 1000                                       // of one session in one room
	idCost      = 128                                        // what an id takes besides itself
	sessionCost = 512                                        // what a session takes besides its ids
	// maxSessions is what all sessions of all rooms may take, in bytes: half a million ids.
	maxSessions = 64 << 20
)

// A session remembers the ids that one sender has given to its messages in one room.
type session struct {
	places map[string]place
	order  ring[string] // the ids, oldest first
	bytes  int          // cost of it all
}

// A place is where a message came to stand, and when.
type place struct {
	seq, prev uint64
	at        int64 // in milliseconds
}

// recognise returns the receipt of the message that its sender has published before with the same id.
func (r *room) recognise(m *recado.Message) (recado.Receipt, bool) {
	s := r.seen[m.Sender]
	if s == nil {
		return recado.Receipt{}, false
	}
	p, known := s.places[m.ID]
	if !known || r.time-p.at >= window {
		return recado.Receipt{}, false
	}
	return recado.Receipt{Seq: p.seq, Prev: p.prev, Duplicate: true}, true
}

// remember makes recognise know from now on what its sender has called id. What is older is remembered before.
func (r *room) remember(sender recado.MemberID, id string, p place) {
	s := r.seen[sender]
	if s == nil {
		if r.seen == nil {
			r.seen = make(map[recado.MemberID]*session)
		}
		s = &session{places: make(map[string]place)}
		r.seen[sender] = s
	}
	before := s.bytes
	s.forget(p.at-window, maxIDs-1, s.bytes)
	s.places[id] = p
	*s.order.push() = id
	s.bytes = max(s.bytes, sessionCost) + len(id) + idCost
	r.broker.sessions.change(before, s.bytes)
}

// forgetIDs drops the ids that are too old, and of each session the oldest until it takes no more than that.
func (r *room) forgetIDs(now int64, bytes int) {
	for sender, s := range r.seen {
		before := s.bytes
		s.forget(now-window, maxIDs, bytes)
		r.broker.sessions.change(before, s.bytes)
		if s.bytes == 0 {
			delete(r.seen, sender)
		}
	}
}

// forget drops the oldest ids: those of that time and before, and more until so many are left, of so many bytes.
func (s *session) forget(until int64, ids, bytes int) {
	for s.order.n > 0 {
		id := *s.order.at(0)
		if s.places[id].at > until && s.order.n <= ids && s.bytes <= bytes {
			return
		}
		delete(s.places, id)
		s.order.pop()
		s.bytes -= len(id) + idCost
	}
	s.bytes = 0
}
