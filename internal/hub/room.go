package hub

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"recado"
)

const (
	// maxOpen is how much may wait for the next flush of a room, in bytes; a single larger message may too.
	maxOpen = 64 << 10
	// overhead is what a message costs besides its payload, so that empty ones are bounded too.
	overhead = 64
)

// cost is what a message takes of a room's open batches.
func cost(data []byte) int { return len(data) + overhead }

// A room gathers the messages that its broker delivers into one open batch per encoding, and flushes them.
type room struct {
	hub  *Hub
	name string
	refs int // guarded by the shard's mu

	once sync.Once // subscribes
	stop func()
	err  error

	delivered atomic.Uint64 // messages so far
	ahead     atomic.Int32  // publishers in PublishAhead, each of which will call write

	mu       sync.Mutex // guards what follows; never held while writing
	epoch    string     // set once, before the first member
	last     uint64     // Seq of the newest stored message
	members  map[recado.MemberID]*Member
	groups   []*group  // one for each encoding in use
	open     int       // cost of what is in the open batches
	reserved int       // cost of what is on its way through the broker
	waiting  []*waiter // publishers for whom there is no space yet, in the order of their coming
	flushing bool      // some goroutine is in flush
	tally    Tally     // since the last flush
	presence presence

	lagging     int           // members that lag
	laggingAfar int           // of them, those on other machines
	paced       time.Duration // the hub's age at which what was said while members lagged will have been taken
	patience    time.Duration // the hub's age until which is waited while nobody keeps up; 0: nobody has waited yet
	catchUp     chan struct{} // closed when one of them lags no more; nil: nobody waits for that
}

// A group is the members of a room that share an encoding.
type group struct {
	encoding Encoding
	presence PresenceEncoding // the encoding, if it has presence
	members  []*Member
	lent     bool   // a flush is reading members: copy before changing it
	open     *Batch // nil while nothing waits
	number   uint64 // of the newest batch
}

var _ recado.Subscriber = (*room)(nil)

func newRoom(h *Hub, name string) *room {
	return &room{hub: h, name: name, members: make(map[recado.MemberID]*Member)}
}

// Deliver appends m to the open batch of each encoding in use. The broker calls it in the order of seq.
func (r *room) Deliver(m *recado.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delivered.Add(1)
	r.open += cost(m.Data)
	r.tally.Messages++
	sender := r.members[m.Sender]
	if sender != nil {
		r.release(sender, cost(m.Data))
	}
	for _, g := range r.groups {
		r.encode(g, m, sender)
	}
	if !m.Ephemeral {
		r.last = m.Seq
	}
}

// Flush writes what is open, unless somebody who has more to say is about to.
func (r *room) Flush() {
	if r.ahead.Load() == 0 {
		r.write()
	}
}

// write writes what is open, unless another goroutine is doing so already and will find it.
func (r *room) write() {
	r.mu.Lock()
	busy := r.flushing
	r.flushing = true
	r.mu.Unlock()
	if !busy {
		r.flush()
	}
}

// encode appends m to the group's open batch; if the encoding panics, nothing of it. r.mu is held.
func (r *room) encode(g *group, m *recado.Message, sender *Member) {
	defer r.hub.survive("encoding")
	b := g.batch(r.last)
	isSenders := sender != nil && sender.group == g
	own := len(b.instead)
	if isSenders { // first: without it, the sender would receive the message
		b.instead = g.encoding.AppendOwn(b.instead, m)
	}
	from := b.add(g.encoding, m)
	size, readers := len(b.bytes)-from, len(g.members)
	if isSenders {
		if sender.Echo && !m.Ephemeral {
			from = len(b.bytes)
		} else {
			readers--
		}
		b.replace(sender, from, own)
	}
	r.tally.add(size, readers)
}

// errNotSubscribed is the error of a room whose broker has panicked.
var errNotSubscribed = errors.New("the broker panicked")

func (r *room) subscribe(ctx context.Context) error {
	r.once.Do(func() {
		r.err = errNotSubscribed // unless the broker returns
		var from recado.Position
		from, r.stop, r.err = r.hub.broker.Subscribe(ctx, r.name, r)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.epoch, r.last = from.Epoch, max(r.last, from.Seq)
	})
	return r.err
}

func (r *room) unsubscribe() {
	r.mu.Lock()
	if t := r.presence.timer; t != nil {
		t.Stop() // nobody is left to be told anything
	}
	r.mu.Unlock()
	defer r.hub.survive("broker")
	if r.stop != nil {
		r.stop()
	}
}

// A waiter is a publisher for whom there is no space yet.
type waiter struct {
	member *Member
	cost   int
	ready  chan struct{} // closed when the space is reserved
}

// reserve waits until the open batches have space for n more, so that they stay bounded however many publish at
// once. Who comes first is served first. Before that it lets those catch up who lag. It returns m's name of this moment.
func (r *room) reserve(m *Member, n int) (name string) {
	r.mu.Lock()
	if r.lagging > 0 {
		r.letCatchUp(m, n)
	}
	name = m.Name
	if len(r.waiting) == 0 && r.hasSpace(n) {
		r.grant(m, n)
		r.mu.Unlock()
		return name
	}
	w := &waiter{member: m, cost: n, ready: make(chan struct{})}
	r.waiting = append(r.waiting, w)
	r.mu.Unlock()
	r.write()
	<-w.ready // every flush makes space, and none waits for anybody
	return name
}

// publish publishes what m has reserved n for. If the broker panics, it gives that back and writes what has been
// delivered, or those who wait for space would wait for ever.
func (r *room) publish(ctx context.Context, m *Member, n int, message recado.Message) (recado.Receipt, error) {
	returned := false
	defer func() {
		if !returned {
			r.unreserve(m, n)
			r.write()
		}
	}()
	receipt, err := r.hub.broker.Publish(ctx, message)
	returned = true
	return receipt, err
}

// publishAhead is publish for Member.PublishAhead. Only now, as its space is reserved, may others leave the writing to
// m: while it waits for space, it waits for their writing.
func (r *room) publishAhead(ctx context.Context, m *Member, n int, message recado.Message) (recado.Receipt, error) {
	r.ahead.Add(1)
	defer r.ahead.Add(-1)
	return r.publish(ctx, m, n, message)
}

func (r *room) unreserve(m *Member, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.release(m, n)
	r.wake()
}

// The four methods below are called with r.mu held.

func (r *room) hasSpace(n int) bool {
	used := r.open + r.reserved
	return used == 0 || used+n <= maxOpen
}

func (r *room) grant(m *Member, n int) {
	r.reserved += n
	m.reserved += n
}

// release gives back what m has reserved, up to n.
func (r *room) release(m *Member, n int) {
	n = min(n, m.reserved)
	m.reserved -= n
	r.reserved -= n
}

// wake lets those who wait go on as far as there is space.
func (r *room) wake() {
	for len(r.waiting) > 0 && r.hasSpace(r.waiting[0].cost) {
		w := r.waiting[0]
		r.waiting[0] = nil
		r.waiting = r.waiting[1:]
		r.grant(w.member, w.cost)
		close(w.ready)
	}
}

// add makes m a member. The one whose place it takes, if there is one, receives nothing any more.
func (r *room) add(m *Member) (replaced *Member, returned bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	replaced = r.members[m.ID]
	if replaced != nil {
		r.detach(replaced)
	} else {
		r.hub.observer.MembersChanged(1)
	}
	r.members[m.ID] = m
	return replaced, r.arrived(m, replaced)
}

// remove takes m out of the room; if it is only away, and returns soon, the others do not notice.
func (r *room) remove(m *Member, returns bool) (left int, away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members[m.ID] == m {
		delete(r.members, m.ID)
		r.hub.observer.MembersChanged(-1)
		away = r.departed(m, returns)
	}
	r.release(m, m.reserved)
	r.wake()
	r.detach(m)
	return len(r.members), away
}

// The methods below are called with r.mu held.

// attach lets m receive what follows.
func (r *room) attach(m *Member) {
	g := r.group(m.Encoding)
	g.own()
	m.group, m.index, m.from = g, len(g.members), r.last
	g.members = append(g.members, m)
	if g.open != nil {
		g.open.begin(m)
	}
	r.listens(g)
}

// detach lets m receive nothing any more, after the flush that is under way.
func (r *room) detach(m *Member) {
	g := m.group
	if g == nil {
		return
	}
	r.noteLag(m, false)
	m.group = nil
	g.own()
	last := len(g.members) - 1
	g.members[m.index] = g.members[last]
	g.members[m.index].index = m.index
	g.members[last] = nil
	g.members = g.members[:last]
	if last == 0 {
		r.drop(g)
	}
}

// group returns the group of that encoding, which begins to exist with its first member.
func (r *room) group(e Encoding) *group {
	for _, g := range r.groups {
		if g.encoding == e {
			return g
		}
	}
	g := &group{encoding: e}
	g.presence, _ = e.(PresenceEncoding)
	r.groups = append(r.groups, g)
	return g
}

// drop forgets a group without members.
func (r *room) drop(g *group) {
	for i := range r.groups {
		if r.groups[i] == g {
			r.groups[i] = r.groups[len(r.groups)-1]
			r.groups[len(r.groups)-1] = nil
			r.groups = r.groups[:len(r.groups)-1]
			return
		}
	}
}

// batch is the open one; after is the Seq of the newest message that is not in it, should it begin now.
func (g *group) batch(after uint64) *Batch {
	if g.open == nil {
		g.number++
		g.open = newBatch(g.number, after)
	}
	return g.open
}

// own makes g.members safe to change while a flush reads the slice that it was lent.
func (g *group) own() {
	if g.lent {
		g.members = append(make([]*Member, 0, len(g.members)+1), g.members...)
		g.lent = false
	}
}
