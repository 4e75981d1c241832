// Package memory is the broker of a single process: it orders the messages of rooms, keeps the newest of them in
// memory, and can hand them on to the next process. It knows no member, no connection and no file.
package memory

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"hash/maphash"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"recado"
)

// shards keeps lookups of different rooms from waiting for each other.
const shards = 64

// A Broker orders messages by one counter for the whole process.
//
// A room is remembered while it has subscribers, history, or ids that it has to recognise. Of all the forgotten
// ones only the floor is left, the newest position that any of them had: where a room begins, again or for the
// first time, so that nobody takes a position of before for proof that nothing was missed since.
type Broker struct {
	epoch    string
	keeping  atomic.Pointer[keeping]
	seq      atomic.Uint64
	floor    atomic.Uint64
	closed   atomic.Bool
	history  account      // of the kept messages
	messages atomic.Int64 // kept
	sessions account      // of the ids by which messages that are sent again are recognised
	sweeper  sweeper
	now      func() time.Time // tests turn it back
	seed     maphash.Seed
	shards   [shards]shard
}

type shard struct {
	mu    sync.RWMutex // guards rooms; a room's mu may be taken under it
	rooms map[string]*room
}

var _ recado.Broker = (*Broker)(nil)

// New makes a broker with an epoch of its own. Of the limits, those of the history count.
func New(l recado.Limits) *Broker {
	var random [8]byte
	_, _ = rand.Read(random[:]) // it never fails
	b := &Broker{
		epoch: strconv.FormatUint(binary.LittleEndian.Uint64(random[:]), 36),
		now:   time.Now,
		seed:  maphash.MakeSeed(),
	}
	b.sessions.limit.Store(maxSessions)
	for i := range b.shards {
		b.shards[i].rooms = make(map[string]*room)
	}
	b.SetLimits(l)
	return b
}

// SetLimits exchanges the limits. What is kept beyond them is dropped.
func (b *Broker) SetLimits(l recado.Limits) {
	k := newKeeping(l.WithDefaults())
	b.history.limit.Store(int64(noneIsAll(k.limits.HistoryTotalBytes)))
	b.keeping.Store(k)
	now := b.now().UnixMilli()
	for i := range b.shards {
		b.each(i, func(r *room) {
			r.keep = k.room(r.name)
			r.forgetMessages(now, r.keep.bytes)
		})
	}
	b.tidy(now)
}

// Publish orders m, keeps it and delivers it before it returns. It keeps a copy of m.Data, and the strings as
// they are. A message with an id is recognised for 12 minutes, or until its sender has published 1,000 more with
// ids in the room; the ids of all rooms together may take 64 MiB, beyond which the sessions with more than their
// share of it lose their oldest.
func (b *Broker) Publish(_ context.Context, m recado.Message) (recado.Receipt, error) {
	stored := !m.Ephemeral
	if stored && b.keeping.Load().any {
		m.Data = bytes.Clone(m.Data) // here, while nobody waits for it
	}
	r, err := b.enter(m.Room, stored)
	if err != nil {
		return recado.Receipt{}, err
	}
	now := b.now().UnixMilli()
	receipt, to, idle := r.publish(&m, now)
	for _, sub := range to {
		sub.to.Flush()
	}
	if idle && stored {
		b.forget(m.Room)
	}
	b.tidy(now)
	return receipt, nil
}

// Subscribe begins to deliver at the room's present position.
func (b *Broker) Subscribe(
	_ context.Context, name string, to recado.Subscriber,
) (from recado.Position, stop func(), err error) {
	r, err := b.enter(name, true)
	if err != nil {
		return recado.Position{}, nil, err
	}
	defer r.mu.Unlock()
	sub := &subscription{to: to}
	r.add(sub)
	return r.position(r.last), sync.OnceFunc(func() { b.unsubscribe(r, sub) }), nil
}

// Position is that of the room's newest message. A room that is not remembered has the position with which it
// would begin.
func (b *Broker) Position(_ context.Context, name string) (recado.Position, error) {
	r, err := b.enter(name, false)
	if err != nil {
		return recado.Position{}, err
	}
	defer r.mu.Unlock()
	return r.position(r.last), nil
}

// Close makes every later call fail with recado.ErrClosed, except Save. What Publish has acknowledged until then
// is in the history.
func (b *Broker) Close() error {
	b.closed.Store(true)
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		for name, r := range s.rooms {
			r.mu.Lock()
			r.gone, r.subs = true, nil
			if r.idle() {
				b.raiseFloor(r.last)
				delete(s.rooms, name)
			}
			r.mu.Unlock()
		}
		s.mu.Unlock()
	}
	return nil
}

func (b *Broker) shard(name string) *shard {
	return &b.shards[maphash.String(b.seed, name)%shards]
}

// enter returns the room with its lock held. One that is not remembered begins now, or, if it is not to begin,
// is there for the caller only.
func (b *Broker) enter(name string, begin bool) (*room, error) {
	s := b.shard(name)
	for !b.closed.Load() {
		r := s.find(b, name, begin)
		if r == nil {
			r = s.begin(b, name)
		}
		r.mu.Lock()
		if !r.gone {
			return r, nil
		}
		r.mu.Unlock() // it has been forgotten since
	}
	return nil, recado.ErrClosed
}

// find returns the room; if there is none it returns nil where one is to begin, otherwise one for the caller
// only, with the floor of this moment.
func (s *shard) find(b *Broker, name string, begin bool) *room {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.rooms[name]
	if r == nil && !begin {
		return newRoom(b, name)
	}
	return r
}

func (s *shard) begin(b *Broker, name string) *room {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[name]
	if r == nil {
		r = newRoom(b, strings.Clone(name)) // it may be a part of a long address
		r.gone = b.closed.Load()            // Close may have been here already
		s.rooms[r.name] = r
	}
	return r
}

// forget forgets the room if nothing speaks against it.
func (b *Broker) forget(name string) {
	s := b.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[name]
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone || !r.idle() {
		return
	}
	r.gone = true
	b.raiseFloor(r.last)
	delete(s.rooms, name)
}

func (b *Broker) raiseFloor(seq uint64) {
	for {
		floor := b.floor.Load()
		if seq <= floor || b.floor.CompareAndSwap(floor, seq) {
			return
		}
	}
}

func (b *Broker) unsubscribe(r *room, sub *subscription) {
	r.mu.Lock()
	r.drop(sub)
	idle := r.idle()
	r.mu.Unlock()
	if idle {
		b.forget(r.name)
	}
}
