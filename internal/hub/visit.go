package hub

import (
	"context"
	"slices"
	"strings"

	"recado"
)

// Publish sends m to the members of its room, for a sender that is not one of them; a session's own member hears
// nothing but what acknowledges it. Receivers is how many there are on this node. It waits as [Member.Publish] does.
func (h *Hub) Publish(ctx context.Context, m recado.Message) (_ recado.Receipt, receivers int, err error) {
	r := h.find(m.Room)
	if r == nil {
		receipt, publishErr := h.broker.Publish(ctx, m)
		return receipt, 0, publishErr
	}
	defer h.release(r)
	visitor := Member{room: r}
	n := cost(m.Data)
	r.reserve(&visitor, n)
	receipt, err := r.publish(ctx, &visitor, n, m)
	r.unreserve(&visitor, n) // Deliver knows of no visitors
	return receipt, r.receivers(m.Sender), err
}

// ReadAfter reads a room's history as the broker has it.
func (h *Hub) ReadAfter(ctx context.Context, room string, after recado.Position, limit int) (recado.Page, error) {
	return h.broker.ReadAfter(ctx, room, after, limit)
}

// ReadBefore reads a room's history as the broker has it.
func (h *Hub) ReadBefore(ctx context.Context, room string, before recado.Position, limit int) (recado.Page, error) {
	return h.broker.ReadBefore(ctx, room, before, limit)
}

// Position is that of a room's newest message, as the broker has it.
func (h *Hub) Position(ctx context.Context, room string) (recado.Position, error) {
	return h.broker.Position(ctx, room)
}

// Roster is who is in a room; nobody, if it has no members on this node.
func (h *Hub) Roster(room string) Roster {
	r := h.find(room)
	if r == nil {
		return Roster{}
	}
	defer h.release(r)
	return (&Member{room: r}).Roster()
}

// List returns the rooms that have members on this node and that the client may see, by name, from the one after that
// name, up to limit.
func (h *Hub) List(after string, limit int, visible func(room string) bool) []RoomCount {
	var all []RoomCount
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		for name, r := range s.rooms {
			if name > after {
				all = append(all, RoomCount{Name: name, room: r})
			}
		}
		s.mu.Unlock()
	}
	all = slices.DeleteFunc(all, func(r RoomCount) bool { return !visible(r.Name) })
	slices.SortFunc(all, func(a, b RoomCount) int { return strings.Compare(a.Name, b.Name) })
	all = all[:min(len(all), limit)]
	for i := range all {
		all[i].Members = all[i].room.count()
	}
	return all
}

// A RoomCount is a room and how many members it has.
type RoomCount struct {
	Name    string
	Members int

	room *room
}

// find returns the room, counted as used once more, or nil.
func (h *Hub) find(name string) *room {
	s := h.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[name]
	if r != nil {
		r.refs++
	}
	return r
}

// receivers is the number of members but the sender.
func (r *room) receivers(sender recado.MemberID) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.members[sender]; m != nil && !m.Echo {
		return len(r.members) - 1
	}
	return len(r.members)
}

func (r *room) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.population()
}
