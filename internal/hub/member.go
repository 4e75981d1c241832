package hub

import (
	"context"

	"recado"
)

// A Member is one session in one room. The transport fills the exported fields in before Join and does not
// change them afterwards.
type Member struct {
	ID       recado.MemberID
	Echo     bool // it receives its own messages too
	Encoding Encoding
	Conn     any // the transport's own; the hub does not look at it

	room  *room
	group *group // of the members with the same encoding; guarded by room.mu
	index int    // in group.members; guarded by room.mu

	reserved int // of the open batches, for what it is publishing; guarded by room.mu

	// own has, for odd and for even numbers, the newest batch that is not wholly for this member. Two are
	// enough: at any time one batch is being filled and at most one, its predecessor, is being flushed.
	own [2]uint64
}

// Room is the name of the room that the member has joined.
func (m *Member) Room() string { return m.room.name }

// Publish sends data to the others in the member's room. It waits while the room has more to write than fits
// one batch, and may write to the others before it returns; it never waits for a slow one of them.
// A member's messages keep their order only if it waits for each Publish to return.
func (m *Member) Publish(ctx context.Context, kind recado.Kind, data []byte) error {
	r := m.room
	r.reserve(m, cost(data))
	_, err := r.hub.broker.Publish(ctx, recado.Message{Room: r.name, Sender: m.ID, Kind: kind, Data: data})
	if err != nil {
		r.unreserve(m, cost(data)) // otherwise Deliver has done it
	}
	return err
}

// Leave takes the member out of its room and returns how many are left there. A flush under way may still
// write to it. It may be called once for each Join.
func (m *Member) Leave() (left int) {
	left = m.room.remove(m)
	m.room.hub.release(m.room)
	return left
}
