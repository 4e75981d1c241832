package hub

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"recado"
)

const (
	// returnTime is how long a member may be away before the others are told that it has left.
	returnTime = 15 * time.Second
	// newsInterval is how long changes in a room gather once one has been told.
	newsInterval = 100 * time.Millisecond
	// countInterval is the same in a room with too many members to list.
	countInterval = time.Second
)

// A Person is a member as the others see it.
type Person struct {
	ID   recado.MemberID
	Name string
	User string // whom the member's token is for; "" for nobody known
}

// A Change is what happened to a member.
type Change uint8

// The changes.
const (
	Joined Change = iota + 1
	Left
	Renamed
)

// A PresenceEncoding has units for who comes and goes. As for Append, the room is locked.
type PresenceEncoding interface {
	Encoding
	// AppendChange appends what happened to one member.
	AppendChange(dst []byte, c Change, p Person) []byte
	// AppendCount appends how many members there are; if members is not nil, it is all of them.
	AppendCount(dst []byte, count int, members []Person) []byte
}

// A Roster is who is in a room at some moment.
type Roster struct {
	Members []Person // by name; nil if there are too many to list
	Count   int

	version uint64
}

// presence is what the members of a room are told about each other. Changes gather for a moment and are told as
// what has come of them, so that thousands who come and go do not cost a room thousands of frames for each.
type presence struct {
	away    map[recado.MemberID]*absence // left, and may return
	version uint64                       // counts the changes that others can see
	crowded bool                         // too many members to list: only their number is told

	told   map[recado.MemberID]string   // the members and their names, as they were told; nil: nobody listens, or crowded
	dirty  map[recado.MemberID]struct{} // changed since
	timer  *time.Timer                  // not nil while something is to be told
	toldAt time.Time
}

// An absence ends by the member's return or by its timer.
type absence struct {
	name  string
	user  string
	timer *time.Timer
}

// Roster is who is in the member's room, itself included.
func (m *Member) Roster() Roster {
	r := m.room
	r.mu.Lock()
	roster := Roster{Count: r.population(), version: r.presence.version}
	if !r.tooMany() {
		roster.Members = r.everyone()
	}
	r.mu.Unlock()
	slices.SortFunc(roster.Members, func(a, b Person) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.Compare(a.ID[:], b.ID[:]))
	})
	return roster
}

// Outdated reports whether the room has changed since the roster was made.
func (m *Member) Outdated(old Roster) bool {
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	return m.room.presence.version != old.version
}

// The methods below are called with r.mu held, but for those that timers call.

// arrived notes a new member, who may have been away or have taken the place of a connection of its own. It reports
// whether an absence has ended, which held the room.
func (r *room) arrived(m, replaced *Member) (returned bool) {
	before, was := "", false
	if a := r.presence.away[m.ID]; a != nil {
		a.timer.Stop()
		delete(r.presence.away, m.ID)
		before, was, returned = a.name, true, true
	}
	if replaced != nil {
		before, was = replaced.Name, true
	}
	if !was || before != m.Name {
		r.changed(m.ID)
	}
	return returned
}

// departed notes that a member has gone, perhaps to return: then its absence holds the room until it ends.
func (r *room) departed(m *Member, returns bool) (away bool) {
	if !returns || len(r.presence.away) >= r.hub.limits.Load().MembersListed {
		r.changed(m.ID)
		return false
	}
	if r.presence.away == nil {
		r.presence.away = make(map[recado.MemberID]*absence)
	}
	a := &absence{name: m.Name, user: m.User}
	a.timer = time.AfterFunc(returnTime, func() { r.expire(m.ID, a) })
	r.presence.away[m.ID] = a
	return true
}

// expire ends an absence that has lasted too long.
func (r *room) expire(id recado.MemberID, a *absence) {
	r.mu.Lock()
	is := r.presence.away[id] == a
	if is {
		delete(r.presence.away, id)
		r.changed(id)
	}
	r.mu.Unlock()
	if is {
		r.hub.release(r)
	}
}

// changed notes that there is something to tell of a member.
func (r *room) changed(id recado.MemberID) {
	p := &r.presence
	p.version++
	if !r.heard() {
		p.told, p.dirty = nil, nil
		return
	}
	if !p.crowded {
		p.dirty[id] = struct{}{}
	}
	if p.timer == nil {
		interval := newsInterval
		if p.crowded {
			interval = countInterval
		}
		p.timer = time.AfterFunc(max(0, time.Until(p.toldAt.Add(interval))), r.tell)
	}
}

// heard reports whether somebody listens to what happens to others.
func (r *room) heard() bool {
	return slices.ContainsFunc(r.groups, func(g *group) bool { return g.presence != nil })
}

// listens begins to keep account of what was told, when the first member is attached who listens.
func (r *room) listens(g *group) {
	p := &r.presence
	if g.presence == nil || p.told != nil || p.crowded {
		return
	}
	p.told, p.dirty = r.names(), make(map[recado.MemberID]struct{})
	r.crowd()
}

// tell tells what has changed.
func (r *room) tell() {
	r.appendNews()
	r.Flush()
}

func (r *room) appendNews() {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.hub.survive("encoding")
	p := &r.presence
	p.timer, p.toldAt = nil, time.Now()
	if !r.heard() {
		p.told, p.dirty = nil, nil
		return
	}
	switch was := p.crowded; {
	case r.crowd():
		r.tellCount(nil)
	case was: // what each of them knows is long out of date
		p.told, p.dirty = r.names(), make(map[recado.MemberID]struct{})
		r.tellCount(r.everyone())
	default:
		for id := range p.dirty {
			r.tellChange(id)
		}
		clear(p.dirty)
	}
}

// tooMany reports whether there are more members than are listed. It takes a tenth less to go back.
func (r *room) tooMany() bool {
	limit := r.hub.limits.Load().MembersListed
	if r.presence.crowded {
		limit -= limit / 10
	}
	return r.population() > limit
}

// crowd notes whether there are too many members to list.
func (r *room) crowd() bool {
	p := &r.presence
	if p.crowded = r.tooMany(); p.crowded {
		p.told, p.dirty = nil, nil
	}
	return p.crowded
}

func (r *room) tellCount(members []Person) {
	for _, g := range r.groups {
		if g.presence != nil {
			b := g.batch(r.last)
			b.bytes = g.presence.AppendCount(b.bytes, r.population(), members)
		}
	}
}

// tellChange tells the others.
func (r *room) tellChange(id recado.MemberID) {
	p := &r.presence
	person, present := r.person(id)
	old, known := p.told[id]
	change := Renamed
	switch {
	case present && !known:
		change = Joined
	case !present && known:
		change, person.Name = Left, old
	case person.Name == old: // or absent both times
		return
	}
	if present {
		p.told[id] = person.Name
	} else {
		delete(p.told, id)
	}
	self := r.members[id]
	for _, g := range r.groups {
		if g.presence == nil {
			continue
		}
		b := g.batch(r.last)
		from := len(b.bytes)
		b.bytes = g.presence.AppendChange(b.bytes, change, person)
		if self != nil && self.group == g {
			b.leaveOut(self, from)
		}
	}
}

// person is who is there, or only away.
func (r *room) person(id recado.MemberID) (p Person, present bool) {
	if m := r.members[id]; m != nil {
		return newPerson(id, m.Name, m.User), true
	}
	if a := r.presence.away[id]; a != nil {
		return newPerson(id, a.name, a.user), true
	}
	return Person{ID: id}, false
}

func newPerson(id recado.MemberID, name, user string) Person {
	return Person{ID: id, Name: cmp.Or(name, id.Name()), User: user}
}

// population is the number of members, those that are only away included.
func (r *room) population() int { return len(r.members) + len(r.presence.away) }

func (r *room) everyone() []Person {
	all := make([]Person, 0, r.population())
	for id, m := range r.members {
		all = append(all, newPerson(id, m.Name, m.User))
	}
	for id, a := range r.presence.away {
		all = append(all, newPerson(id, a.name, a.user))
	}
	return all
}

func (r *room) names() map[recado.MemberID]string {
	names := make(map[recado.MemberID]string, r.population())
	for _, p := range r.everyone() {
		names[p.ID] = p.Name
	}
	return names
}
