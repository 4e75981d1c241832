// Package memory is the broker of a single process: it orders the messages of rooms and forgets them once
// they are delivered.
package memory

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"recado"
)

// shards keeps lookups of different rooms from waiting for each other.
const shards = 64

// A Broker orders messages by one counter for the whole process. A room is remembered while it has subscribers.
type Broker struct {
	epoch  string
	seq    atomic.Uint64
	closed atomic.Bool
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu    sync.RWMutex // guards rooms; a room's mu may be taken under it
	rooms map[string]*room
}

type room struct {
	mu   sync.Mutex // guards last and subs, and is held during Deliver
	last uint64     // seq of the newest message
	subs []*subscription
}

// A subscription is a pointer, so that one subscriber can have several.
type subscription struct{ to recado.Subscriber }

var _ recado.Broker = (*Broker)(nil)

// New makes a broker with an epoch of its own.
func New() *Broker {
	var random [8]byte
	_, _ = rand.Read(random[:]) // it never fails
	b := &Broker{
		epoch: strconv.FormatUint(binary.LittleEndian.Uint64(random[:]), 36),
		seed:  maphash.MakeSeed(),
	}
	for i := range b.shards {
		b.shards[i].rooms = make(map[string]*room)
	}
	return b
}

// Publish orders m and delivers it before it returns. A room without subscribers hears nothing.
func (b *Broker) Publish(_ context.Context, m recado.Message) (recado.Receipt, error) {
	if b.closed.Load() {
		return recado.Receipt{}, recado.ErrClosed
	}
	s := b.shard(m.Room)
	s.mu.RLock()
	r := s.rooms[m.Room]
	s.mu.RUnlock()
	if r == nil {
		return recado.Receipt{Seq: b.seq.Add(1)}, nil
	}
	for _, sub := range r.deliver(b, &m) {
		sub.to.Flush()
	}
	return recado.Receipt{Seq: m.Seq, Prev: m.Prev}, nil
}

// Subscribe begins to deliver at the room's present position.
func (b *Broker) Subscribe(
	_ context.Context, name string, to recado.Subscriber,
) (from recado.Position, stop func(), err error) {
	if b.closed.Load() {
		return recado.Position{}, nil, recado.ErrClosed
	}
	s := b.shard(name)
	sub := &subscription{to: to}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[name]
	if r == nil {
		r = new(room)
		s.rooms[name] = r
	}
	from = recado.Position{Epoch: b.epoch, Seq: r.add(sub)}
	return from, sync.OnceFunc(func() { b.unsubscribe(name, sub) }), nil
}

// Position is that of the room's newest message, 0 for a room without subscribers.
func (b *Broker) Position(_ context.Context, name string) (recado.Position, error) {
	if b.closed.Load() {
		return recado.Position{}, recado.ErrClosed
	}
	s := b.shard(name)
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := recado.Position{Epoch: b.epoch}
	if r := s.rooms[name]; r != nil {
		r.mu.Lock()
		p.Seq = r.last
		r.mu.Unlock()
	}
	return p, nil
}

// ReadAfter returns no messages: none are kept.
func (b *Broker) ReadAfter(ctx context.Context, room string, _ recado.Position, _ int) (recado.Page, error) {
	from, err := b.Position(ctx, room)
	return recado.Page{From: from}, err
}

// ReadBefore returns no messages: none are kept.
func (b *Broker) ReadBefore(ctx context.Context, room string, _ recado.Position, _ int) (recado.Page, error) {
	return b.ReadAfter(ctx, room, recado.Position{}, 0)
}

// Close makes every later call fail with recado.ErrClosed and forgets all rooms.
func (b *Broker) Close() error {
	b.closed.Store(true)
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		for _, r := range s.rooms {
			r.mu.Lock()
			r.subs = nil
			r.mu.Unlock()
		}
		clear(s.rooms)
		s.mu.Unlock()
	}
	return nil
}

func (b *Broker) shard(name string) *shard {
	return &b.shards[maphash.String(b.seed, name)%shards]
}

func (b *Broker) unsubscribe(name string, sub *subscription) {
	s := b.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[name]
	if r != nil && r.drop(sub) == 0 {
		delete(s.rooms, name)
	}
}

func (r *room) add(sub *subscription) (last uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subs = append(slices.Clip(r.subs), sub) // never in place: deliver's caller may hold the old slice
	return r.last
}

func (r *room) drop(sub *subscription) (left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subs = slices.DeleteFunc(slices.Clone(r.subs), func(s *subscription) bool { return s == sub })
	return len(r.subs)
}

// deliver gives m its place and returns the subscribers to flush.
func (r *room) deliver(b *Broker, m *recado.Message) []*subscription {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.Seq, m.Prev = b.seq.Add(1), r.last
	r.last = m.Seq
	for _, sub := range r.subs {
		sub.to.Deliver(m)
	}
	return r.subs
}
