package hub

import (
	"iter"
	"slices"
	"sync"

	"recado"
)

// An Encoding turns messages into the bytes of one wire format and writes them to the members who use it.
// Members share their bytes when their encodings are equal; it must be comparable.
type Encoding interface {
	// Append appends the wire bytes of m to dst. It must not block: the room is locked. It does not keep m.
	Append(dst []byte, m *recado.Message) []byte
	// Flush writes b to each member without waiting for any; see Batch.Pieces. It may be called concurrently
	// with different members. b is valid until it returns.
	Flush(b *Batch, to []*Member)
}

// A Batch is the wire bytes of consecutive messages of one room in one encoding.
type Batch struct {
	number uint64 // counts the batches of a group, from 1
	bytes  []byte
	own    []span // in order

	keepOnce sync.Once
	kept     []byte
}

// A span is a stretch of a batch that one member must not receive.
type span struct {
	member   *Member
	from, to int
}

// maxPooled is the largest capacity, in bytes, that a batch keeps for the next one.
const maxPooled = 256 << 10

// batches are empty. Their bytes never leave a flush, so they can always be used again.
//
//nolint:gochecknoglobals // one pool for all rooms: an idle room holds no buffer
var batches = sync.Pool{New: func() any { return new(Batch) }}

func newBatch(number uint64) *Batch {
	b := batches.Get().(*Batch)
	b.number = number
	return b
}

// Bytes are all the batch's bytes, valid until Flush returns.
func (b *Batch) Bytes() []byte { return b.bytes }

// Keep returns a copy of Bytes that stays valid and is never changed. All callers share one copy.
func (b *Batch) Keep() []byte {
	b.keepOnce.Do(func() { b.kept = slices.Clone(b.bytes) })
	return b.kept
}

// Whole reports whether m is to receive all of the batch.
func (b *Batch) Whole(m *Member) bool { return m.own[b.number%2] != b.number }

// Pieces yields the offsets, from and to, of what m is to receive: everything but its own messages and those
// from before it came. Each piece begins and ends at the border of a message.
func (b *Batch) Pieces(m *Member) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		from := 0
		for _, s := range b.own {
			if s.member != m {
				continue
			}
			if s.from > from && !yield(from, s.from) {
				return
			}
			from = s.to
		}
		if from < len(b.bytes) {
			yield(from, len(b.bytes))
		}
	}
}

// leaveOut makes the bytes from that offset to the batch's present end no part of what m receives.
func (b *Batch) leaveOut(m *Member, from int) {
	m.own[b.number%2] = b.number
	b.own = append(b.own, span{member: m, from: from, to: len(b.bytes)})
}

// recycle makes b available again; nobody may hold it.
func (b *Batch) recycle() {
	clear(b.own)
	if cap(b.bytes) > maxPooled {
		b.bytes = nil
	}
	*b = Batch{bytes: b.bytes[:0], own: b.own[:0]}
	batches.Put(b)
}
