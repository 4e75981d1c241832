package memory

import (
	"math"
	"sync"
	"sync/atomic"
)

// An account bounds what many holders take together, in bytes. When it is over its limit, those who hold more
// than an equal share give up their oldest until a sixteenth of it is free; so nobody loses anything to others
// who have more, and it is rarely necessary.
type account struct {
	limit   atomic.Int64
	held    atomic.Int64
	holders atomic.Int64 // those who hold anything

	mu   sync.Mutex // guards hand, and is held while space is made
	hand int        // the shard whose turn it is to give
}

// change says that one holder has so much now, and had so much before.
func (a *account) change(before, after int) {
	if before == after {
		return // as it is with a full history of messages of one size: no other room's core is disturbed
	}
	a.held.Add(int64(after - before))
	switch {
	case before == 0:
		a.holders.Add(1)
	case after == 0:
		a.holders.Add(-1)
	}
}

// account says what one room keeps now, and kept before.
func (b *Broker) account(bytesBefore, bytes, messagesBefore, messages int) {
	b.history.change(bytesBefore, bytes)
	if messages != messagesBefore { // likewise
		b.messages.Add(int64(messages - messagesBefore))
	}
}

// Kept is the history of all rooms: those with any, their messages, the memory that these take by the account, and
// how much of it they may take.
func (b *Broker) Kept() (rooms, messages, bytes, limit int) {
	return int(b.history.holders.Load()), int(b.messages.Load()), int(b.history.held.Load()), int(b.history.limit.Load())
}

func (a *account) full() bool { return a.held.Load() > a.limit.Load() }

// makeSpace goes round the shards, and tells each how much a holder in it may have. Whoever comes while another
// is at it goes on: what they hold too much in the meantime, somebody else will see.
func (a *account) makeSpace(give func(s int, share int)) {
	if !a.mu.TryLock() {
		return
	}
	defer a.mu.Unlock()
	limit := a.limit.Load()
	target := limit - limit/16
	share := target / max(a.holders.Load(), 1)
	for range shards {
		if a.held.Load() <= target {
			return
		}
		give(a.hand, int(share))
		a.hand = (a.hand + 1) % shards
	}
}

// sweepEvery is how often, at most, a publisher looks through a shard, in milliseconds: each shard has its turn
// about once a minute while the server is in use.
const sweepEvery = 1000

// A sweeper decides who looks for what is too old in rooms where nothing happens, and where.
type sweeper struct {
	due  atomic.Int64 // when, in milliseconds
	hand atomic.Uint32
}

// tidy makes space where too much is held, and sweeps a shard now and then. The caller holds no lock.
func (b *Broker) tidy(now int64) {
	if b.history.full() {
		b.history.makeSpace(func(s, share int) { b.shrink(s, now, share, math.MaxInt) })
	}
	if b.sessions.full() {
		b.sessions.makeSpace(func(s, share int) { b.shrink(s, now, math.MaxInt, share) })
	}
	due := b.sweeper.due.Load()
	if now >= due && b.sweeper.due.CompareAndSwap(due, now+sweepEvery) {
		b.shrink(int(b.sweeper.hand.Add(1)%shards), now, math.MaxInt, math.MaxInt)
	}
}

// shrink lets every room of the shard let go of what is too old or more than these shares.
func (b *Broker) shrink(shard int, now int64, history, session int) {
	b.each(shard, func(r *room) { r.shrink(now, history, session) })
}

// each lets do change every room of the shard, whose lock it holds, and forgets those that are idle then.
func (b *Broker) each(shard int, do func(r *room)) {
	s := &b.shards[shard]
	var idle []string
	s.mu.RLock()
	for name, r := range s.rooms {
		r.mu.Lock()
		if !r.gone {
			do(r)
			if r.idle() {
				idle = append(idle, name)
			}
		}
		r.mu.Unlock()
	}
	s.mu.RUnlock()
	for _, name := range idle {
		b.forget(name)
	}
}
