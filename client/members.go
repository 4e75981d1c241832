package client

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"recado"
	v1 "recado/internal/protocol/v1"
)

// You is this client as the others see it; zero before the first connection.
func (c *Client) You() Member {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	return c.room.you
}

// Members are those in the room as of the last news, this client among them, sorted by name; without a connection,
// those of before. In a large room there are none, only their number.
func (c *Client) Members() []Member {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	return slices.SortedFunc(maps.Values(c.room.members), func(a, b Member) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), bytes.Compare(a.ID[:], b.ID[:]))
	})
}

// Count is the number of members in the room.
func (c *Client) Count() int {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	return c.room.count
}

// recount replaces what is known of the members.
func (r *room) recount(count int, members []v1.Member) {
	r.count, r.members = count, nil
	if members == nil {
		return
	}
	r.members = make(map[recado.MemberID]Member, len(members))
	for _, m := range members {
		r.members[m.ID] = Member(m)
	}
}

// presence takes a change in, and tells of it if it is one: the server may say things twice.
func (r *room) presence(p v1.Presence) {
	m := Member(p.Member)
	if m.ID == r.you.ID {
		r.you, r.hello.Name = m, m.Name
	}
	before, known := r.members[m.ID]
	switch {
	case r.members == nil:
		return
	case p.Change == v1.Left && known:
		delete(r.members, m.ID)
		r.tell(Presence{Change: Left, Member: m})
	case p.Change == v1.Left || known && before == m:
		return
	case known:
		r.members[m.ID] = m
		r.tell(Presence{Change: Renamed, Member: m, Was: before.Name})
	default:
		r.members[m.ID] = m
		r.tell(Presence{Change: Joined, Member: m})
	}
	r.count = len(r.members)
}
