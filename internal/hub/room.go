package hub

import (
	"context"
	"sync"
	"sync/atomic"

	"recado"
)

// maxOpen is how many payload bytes may wait for the next flush of a room; a single larger message may too.
const maxOpen = 64 << 10

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
	space    *sync.Cond // signalled when open or reserved falls
	members  map[recado.MemberID]*Member
	groups   []*group // one for each encoding in use
	open     int      // payload bytes in the open batches
	reserved int      // payload bytes on their way through the broker
	waiting  int      // publishers waiting for space
	flushing bool     // some goroutine is in flush
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
	r := &room{hub: h, name: name, members: make(map[recado.MemberID]*Member)}
	r.space = sync.NewCond(&r.mu)
	return r
}

// Deliver appends m to the open batch of each encoding in use. The broker calls it in the order of seq.
func (r *room) Deliver(m *recado.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delivered.Add(1)
	r.open += len(m.Data)
	sender := r.members[m.Sender]
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

// reserve waits until n more bytes fit the open batch, so that it stays bounded however many publish at once.
func (r *room) reserve(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for used := r.open + r.reserved; used > 0 && used+n > maxOpen; used = r.open + r.reserved {
		r.waiting++
		r.space.Wait()
		r.waiting--
	}
	r.reserved += n
}

func (r *room) unreserve(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reserved -= n
	r.wake()
}

// wake lets waiting publishers look again; r.mu is held.
func (r *room) wake() {
	if r.waiting > 0 {
		r.space.Broadcast()
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
