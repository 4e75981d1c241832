package memory

import (
	"math"
	"slices"
	"sync"
	"time"

	"recado"
)

// messageCost is what a kept message takes besides its payload and its strings: twice its own size, since the
// ring may have as much space free, and its part of the allocator's rounding.
const messageCost = 384

// cost is what the message takes of the history's limits.
func cost(m *recado.Message) int {
	return len(m.Data) + len(m.Name) + len(m.ID) + len(m.Event) + messageCost
}

// A keep is how much of a room is kept.
type keep struct {
	messages, bytes int
	age             int64 // in milliseconds
}

func newKeep(l *recado.Limits) keep {
	k := keep{messages: max(l.HistoryMessages, 0), bytes: noneIsAll(l.HistoryBytes), age: l.HistoryAge.Milliseconds()}
	if l.HistoryAge < 0 {
		k.age = math.MaxInt64
	}
	return k
}

// A keeping is how much of all rooms is kept. It is not changed once it is made.
type keeping struct {
	limits recado.Limits
	any    bool // of any room
}

// newKeeping takes limits that have their defaults.
func newKeeping(l recado.Limits) *keeping {
	k := &keeping{limits: l, any: l.HistoryMessages > 0}
	for _, rule := range l.RoomRules {
		k.any = k.any || rule.Limits.HistoryMessages > 0
	}
	return k
}

// room is how much of the room with that name is kept.
func (k *keeping) room(name string) keep { return newKeep(k.limits.In(name)) }

func noneIsAll(limit int) int {
	if limit < 0 {
		return math.MaxInt
	}
	return limit
}

// A room is the order and the history of the messages of one name.
type room struct {
	broker *Broker
	name   string

	mu   sync.Mutex // guards what follows, and is held during Deliver
	keep keep       // its limits
	gone bool       // forgotten, or the broker is closed: nothing may be changed any more
	last uint64     // seq of the newest message
	time int64      // of the newest message, in milliseconds
	subs []*subscription

	kept  ring[recado.Message]
	bytes int // cost of kept
	seen  map[recado.MemberID]*session
}

// A subscription is a pointer, so that one subscriber can have several.
type subscription struct{ to recado.Subscriber }

// newRoom makes a room that begins at the floor. To begin for everybody, it must be made under the lock of its shard.
func newRoom(b *Broker, name string) *room {
	return &room{broker: b, name: name, keep: b.keeping.Load().room(name), last: b.floor.Load()}
}

// publish gives m its place, keeps and delivers it. It returns the subscribers to flush, and whether the room
// may be forgotten. The caller holds r.mu, which is released.
func (r *room) publish(m *recado.Message, now int64) (receipt recado.Receipt, to []*subscription, idle bool) {
	defer r.mu.Unlock()
	r.time = max(r.time, now) // it does not go backwards when the clock does
	m.Room, m.Time, m.Seq, m.Prev = r.name, time.UnixMilli(r.time).UTC(), 0, 0
	if m.Ephemeral {
		r.deliver(*m)
		return receipt, r.subs, false
	}
	if m.ID != "" {
		if receipt, again := r.recognise(m); again {
			return receipt, nil, false
		}
	}
	m.Seq, m.Prev = r.broker.seq.Add(1), r.last
	r.last = m.Seq
	if m.ID != "" {
		r.remember(m.Sender, m.ID, place{m.Seq, m.Prev, r.time})
	}
	if kept := r.store(m, now); kept != nil {
		r.hand(kept)
	} else {
		r.deliver(*m)
	}
	return recado.Receipt{Seq: m.Seq, Prev: m.Prev}, r.subs, r.idle()
}

// deliver is hand for a message that is not kept; m is on the heap, which one that is kept is spared.
func (r *room) deliver(m recado.Message) { r.hand(&m) }

func (r *room) hand(m *recado.Message) {
	for _, sub := range r.subs {
		sub.to.Deliver(m)
	}
}

// The methods below are called with r.mu held.

func (r *room) position(seq uint64) recado.Position {
	return recado.Position{Epoch: r.broker.epoch, Seq: seq}
}

func (r *room) add(sub *subscription) { r.subs = append(r.subs, sub) }

// drop makes a new slice: who flushes may hold the old one.
func (r *room) drop(sub *subscription) {
	r.subs = slices.DeleteFunc(slices.Clone(r.subs), func(s *subscription) bool { return s == sub })
}

// idle reports whether nobody can tell the room from one that has been forgotten.
func (r *room) idle() bool { return len(r.subs) == 0 && r.kept.n == 0 && len(r.seen) == 0 }

// store appends m to the history, in the place of older messages if need be. The newest one is kept even if it
// alone is over the limit of bytes.
func (r *room) store(m *recado.Message, now int64) *recado.Message {
	limit := &r.keep
	if limit.messages == 0 {
		return nil
	}
	bytes, messages := r.bytes, r.kept.n
	r.trim(now, limit.messages-1, limit.bytes-cost(m))
	r.bytes += cost(m)
	kept := r.kept.push()
	*kept = *m
	r.broker.account(bytes, r.bytes, messages, r.kept.n)
	return kept
}

// shrink drops what is too old, the oldest messages, and of each session the oldest ids, until neither takes more than
// that. It looks at every session; see forgetMessages.
func (r *room) shrink(now int64, history, session int) {
	r.forgetMessages(now, history)
	r.forgetIDs(now, session)
}

// forgetMessages drops the messages that are too old, and the oldest until they take no more than that.
func (r *room) forgetMessages(now int64, bytes int) {
	before, messages := r.bytes, r.kept.n
	r.trim(now, r.keep.messages, bytes)
	r.broker.account(before, r.bytes, messages, r.kept.n)
}

// trim drops the oldest messages until there are so many left, of so many bytes, and none too old.
func (r *room) trim(now int64, messages, bytes int) {
	age := r.keep.age
	for r.kept.n > 0 {
		oldest := r.kept.at(0)
		if r.kept.n <= messages && r.bytes <= bytes && now-oldest.Time.UnixMilli() < age {
			return
		}
		r.bytes -= cost(oldest)
		r.kept.pop()
	}
}
