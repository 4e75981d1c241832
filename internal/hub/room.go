package hub

import (
	"context"
	"sync"
	"sync/atomic"

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

	mu       sync.Mutex // guards what follows; never held while writing
	members  map[recado.MemberID]*Member
	groups   []*group  // one for each encoding in use
	open     int       // cost of what is in the open batches
	reserved int       // cost of what is on its way through the broker
	waiting  []*waiter // publishers for whom there is no space yet, in the order of their coming
	flushing bool      // some goroutine is in flush
}

// A group is the members of a room that share an encoding.
type group struct {
	encoding Encoding
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
	sender := r.members[m.Sender]
	if sender != nil {
		r.release(sender, cost(m.Data))
	}
	for _, g := range r.groups {
		if g.open == nil {
			g.number++
			g.open = newBatch(g.number)
		}
		from := len(g.open.bytes)
		g.open.bytes = g.encoding.Append(g.open.bytes, m)
		if sender != nil && sender.group == g && !sender.Echo {
			g.open.leaveOut(sender, from)
		}
	}
}

// Flush writes what is open, unless another goroutine is doing so already and will find it.
func (r *room) Flush() {
	r.mu.Lock()
	busy := r.flushing
	r.flushing = true
	r.mu.Unlock()
	if !busy {
		r.flush()
	}
}

func (r *room) subscribe(ctx context.Context) error {
	r.once.Do(func() { _, r.stop, r.err = r.hub.broker.Subscribe(ctx, r.name, r) })
	return r.err
}

func (r *room) unsubscribe() {
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
// once. Who comes first is served first.
func (r *room) reserve(m *Member, n int) {
	r.mu.Lock()
	if len(r.waiting) == 0 && r.hasSpace(n) {
		r.grant(m, n)
		r.mu.Unlock()
		return
	}
	w := &waiter{member: m, cost: n, ready: make(chan struct{})}
	r.waiting = append(r.waiting, w)
	r.mu.Unlock()
	<-w.ready // every flush makes space, and none waits for anybody
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

func (r *room) add(m *Member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members[m.ID] = m
	g := r.group(m.Encoding)
	g.own()
	m.group, m.index = g, len(g.members)
	g.members = append(g.members, m)
	if g.open != nil {
		g.open.leaveOut(m, 0) // said before it came
	}
}

func (r *room) remove(m *Member) (left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members[m.ID] == m {
		delete(r.members, m.ID)
	}
	r.release(m, m.reserved)
	r.wake()
	g := m.group
	g.own()
	last := len(g.members) - 1
	g.members[m.index] = g.members[last]
	g.members[m.index].index = m.index
	g.members[last] = nil
	g.members = g.members[:last]
	if last == 0 {
		r.drop(g)
	}
	return len(r.members)
}

// group returns the group of that encoding, which begins to exist with its first member; r.mu is held.
func (r *room) group(e Encoding) *group {
	for _, g := range r.groups {
		if g.encoding == e {
			return g
		}
	}
	g := &group{encoding: e}
	r.groups = append(r.groups, g)
	return g
}

// drop forgets a group without members; r.mu is held.
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

// own makes g.members safe to change while a flush reads the slice that it was lent.
func (g *group) own() {
	if g.lent {
		g.members = append(make([]*Member, 0, len(g.members)+1), g.members...)
		g.lent = false
	}
}
