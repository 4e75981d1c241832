package hub

import (
	"context"

	"recado"
)

// A Member is one session in one room. The transport fills the exported fields in before Join and does not
// change them afterwards.
type Member struct {
	ID       recado.MemberID
	Name     string // "" for the one that the id gives; Rename changes it
	User     string // whom its token is for; "" for nobody known
	Echo     bool   // it receives its own messages too
	Local    bool   // it is on this machine, so that what it takes does not depend on a network
	Encoding Encoding
	Conn     any // the transport's own; the hub does not look at it

	room  *room
	group *group // of the attached members with the same encoding, nil while not attached; guarded by room.mu
	index int    // in group.members; guarded by room.mu
	from  uint64 // the room's newest message when it was attached; written under room.mu while not attached

	reserved int  // of the open batches, for what it is publishing; guarded by room.mu
	lags     bool // it is attached, and behind; guarded by room.mu

	// own has, for odd and for even numbers, the newest batch that is not wholly for this member. Two are
	// enough: at any time one batch is being filled and at most one, its predecessor, is being flushed.
	own [2]uint64
}

// Joined reports whether the member has joined a room.
func (m *Member) Joined() bool { return m.room != nil }

// Room is the name of the room that the member has joined.
func (m *Member) Room() string { return m.room.name }

// Publish sends what m says to the others in the member's room; Room, Sender and Name are filled in. It waits
// while the room has more to write than fits one batch, and for those who lag, see [Member.Lag], but never for a few
// slow ones. It may write to the others before it returns. A member's messages keep their order only if it waits for
// each Publish to return.
func (m *Member) Publish(ctx context.Context, message recado.Message) (recado.Receipt, error) {
	return m.publish(ctx, message, m.room.publish)
}

// PublishAhead is Publish for a member that has more to say at once, which is to share a batch. The caller sees to it
// that Publish or Flush follows, before it waits for anything.
func (m *Member) PublishAhead(ctx context.Context, message recado.Message) (recado.Receipt, error) {
	return m.publish(ctx, message, m.room.publishAhead)
}

// Flush writes what PublishAhead has left.
func (m *Member) Flush() { m.room.write() }

// Attach lets the member receive what is said from now on, and returns that moment.
func (m *Member) Attach() recado.Position {
	r := m.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members[m.ID] == m {
		r.attach(m)
	}
	return recado.Position{Epoch: r.epoch, Seq: r.last}
}

// AttachAt is Attach if that position is the room's; otherwise it does nothing and reports false: there is more to
// read. Nothing is attached that another connection has replaced; AttachAt is true then, too.
func (m *Member) AttachAt(at recado.Position) bool {
	r := m.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members[m.ID] != m {
		return true
	}
	if at.Epoch != r.epoch || at.Seq != r.last {
		return false
	}
	r.attach(m)
	return true
}

// Detach ends Attach: what is said from now on has to be read. It may be called in a Flush for this member.
func (m *Member) Detach() {
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	m.room.detach(m)
}

// Position is that of the newest message that the room has delivered.
func (m *Member) Position() recado.Position {
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	return recado.Position{Epoch: m.room.epoch, Seq: m.room.last}
}

// ReadAfter is [Hub.ReadAfter] of the member's room.
func (m *Member) ReadAfter(ctx context.Context, after recado.Position, limit int) (recado.Page, error) {
	return m.room.hub.ReadAfter(ctx, m.room.name, after, limit)
}

// ReadBefore is [Hub.ReadBefore] of the member's room.
func (m *Member) ReadBefore(ctx context.Context, before recado.Position, limit int) (recado.Page, error) {
	return m.room.hub.ReadBefore(ctx, m.room.name, before, limit)
}

// Append appends what the member receives for a message of the history, as it would have received it live.
func (m *Member) Append(dst []byte, message *recado.Message) []byte {
	if message.Sender != m.ID {
		return m.Encoding.Append(dst, message)
	}
	if m.Echo {
		dst = m.Encoding.Append(dst, message)
	}
	return m.Encoding.AppendOwn(dst, message)
}

// Rename gives the member another name, and lets the others know.
func (m *Member) Rename(name string) {
	r := m.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.Name != name && r.members[m.ID] == m {
		m.Name = name
		r.changed(m.ID)
	}
}

// Leave takes the member out of its room and returns how many are left there. If it returns, with the same id
// and within 15 seconds, the others do not notice that it was away. A flush under way may still write to it.
// It may be called once for each Join.
func (m *Member) Leave(returns bool) (left int) {
	left, away := m.room.remove(m, returns)
	if !away { // an absence holds the room in the member's stead
		m.room.hub.release(m.room)
	}
	return left
}

// A publishing publishes what a member has reserved so much space for.
type publishing func(ctx context.Context, m *Member, reserved int, message recado.Message) (recado.Receipt, error)

func (m *Member) publish(ctx context.Context, message recado.Message, how publishing) (recado.Receipt, error) {
	r := m.room
	n := cost(message.Data)
	message.Room, message.Sender = r.name, m.ID
	message.Name = r.reserve(m, n)
	receipt, err := how(ctx, m, n, message)
	if err != nil || receipt.Duplicate {
		r.unreserve(m, n) // otherwise Deliver has done it
	}
	return receipt, err
}
