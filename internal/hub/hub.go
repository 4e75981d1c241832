// Package hub delivers each published message to the members of its room: encoded once per wire format,
// gathered into batches while an earlier batch is being written, and handed to the connections in one go.
// It knows nothing of wire formats, sockets or clusters.
package hub

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"recado"
)

// shards keeps joins and leaves of different rooms from waiting for each other.
const shards = 64

// A Hub holds the rooms that have members on this node. Its methods may be called concurrently.
type Hub struct {
	broker   recado.Broker
	limits   atomic.Pointer[recado.Limits]
	observer Observer
	log      *slog.Logger
	began    time.Time
	seed     maphash.Seed
	count    atomic.Int64 // rooms
	shards   [shards]shard
}

type shard struct {
	mu    sync.Mutex // guards rooms and the refs of each of them
	rooms map[string]*room
}

// New makes a hub whose messages are ordered by b.
func New(b recado.Broker, l recado.Limits) *Hub {
	h := &Hub{broker: b, observer: unobserved{}, log: slog.Default(), began: time.Now(), seed: maphash.MakeSeed()}
	h.SetLimits(l)
	for i := range h.shards {
		h.shards[i].rooms = make(map[string]*room)
	}
	return h
}

// SetLimits exchanges the limits.
func (h *Hub) SetLimits(l recado.Limits) {
	l = l.WithDefaults()
	h.limits.Store(&l)
}

// Join makes m a member of the room, which begins to exist with its first member; until Leave it may publish and
// the others see it, but it receives nothing before it is attached. A member with the same id is replaced: it
// receives nothing more, and is returned for its connection to be closed. The error wraps recado.ErrRooms when there
// are too many rooms already.
func (h *Hub) Join(ctx context.Context, name string, m *Member) (replaced *Member, err error) {
	r, err := h.acquire(name)
	if err != nil {
		return nil, err
	}
	joined := false
	defer func() {
		if !joined { // also if the broker has panicked
			h.release(r)
		}
	}()
	if err := r.subscribe(ctx); err != nil {
		return nil, fmt.Errorf("subscribe to %q: %w", name, err)
	}
	m.room, joined = r, true
	replaced, returned := r.add(m)
	if returned {
		h.release(r) // which its absence held
	}
	return replaced, nil
}

// Rooms is the number of rooms that have members.
func (h *Hub) Rooms() int { return int(h.count.Load()) }

// acquire returns the room of that name, counted as used once more.
func (h *Hub) acquire(name string) (*room, error) {
	s := h.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[name]
	if r == nil {
		limit := h.limits.Load().Rooms
		if h.count.Add(1) > int64(limit) && limit != recado.Off {
			h.count.Add(-1)
			return nil, fmt.Errorf("%w: the limit is %d", recado.ErrRooms, limit)
		}
		r = newRoom(h, name)
		s.rooms[name] = r
		h.observer.RoomsChanged(1)
	}
	r.refs++
	return r, nil
}

// release forgets the room once nobody uses it any more.
func (h *Hub) release(r *room) {
	s := h.shard(r.name)
	s.mu.Lock()
	r.refs--
	last := r.refs == 0
	if last {
		delete(s.rooms, r.name)
		h.count.Add(-1)
		h.observer.RoomsChanged(-1)
	}
	s.mu.Unlock()
	if last {
		r.unsubscribe()
	}
}

// age is how long the hub has been there.
func (h *Hub) age() time.Duration { return time.Since(h.began) }

func (h *Hub) shard(room string) *shard {
	return &h.shards[maphash.String(h.seed, room)%shards]
}
