package hub

import (
	"iter"
	"slices"
	"sync"

	"recado"
)

// An Encoding turns messages into the bytes of one wire format and writes them to the members who use it.
// Members share their bytes when their encodings are equal; it must be comparable. What it appends is one or several
// whole units of the format, or nothing. The methods Append… must not block, as the room is locked, and must not
// keep the message.
type Encoding interface {
	// Append appends what m is for everyone but its sender.
	Append(dst []byte, m *recado.Message) []byte
	// AppendOwn appends what m's sender gets in that place, whether it also gets the message or not.
	AppendOwn(dst []byte, m *recado.Message) []byte
	// Flush writes b to each member without waiting for any; see Batch.Pieces. It may be called concurrently
	// with different members. b is valid until it returns.
	Flush(b *Batch, to []*Member)
}

// A Batch is the wire bytes of consecutive messages of one room in one encoding.
type Batch struct {
	number   uint64 // counts the batches of a group, from 1
	after    uint64 // Seq of the room's newest message before this batch
	bytes    []byte
	instead  []byte // what single members get
	spans    []span // in order
	fleeting bool   // some spans are of ephemeral messages

	keepOnce sync.Once
	kept     []byte
}

// A span is a stretch of a batch that one member receives something else for, or that those may miss who are behind.
type span struct {
	member   *Member // nil: the stretch is ephemeral
	from, to int     // of bytes
	own      [2]int  // of instead, from and to
}

// maxPooled is the largest capacity, in bytes, that a batch keeps for the next one.
const maxPooled = 256 << 10

// batches are empty. Their bytes never leave a flush, so they can always be used again.
//
//nolint:gochecknoglobals // one pool for all rooms: an idle room holds no buffer
var batches = sync.Pool{New: func() any { return new(Batch) }}

func newBatch(number, after uint64) *Batch {
	b := batches.Get().(*Batch)
	b.number, b.after = number, after
	return b
}

// Bytes are all the batch's bytes, valid until Flush returns.
func (b *Batch) Bytes() []byte { return b.bytes }

// Keep returns a copy of Bytes that stays valid and is never changed. All callers share one copy.
func (b *Batch) Keep() []byte {
	b.keepOnce.Do(func() { b.kept = slices.Clone(b.bytes) })
	return b.kept
}

// Whole reports whether m is to receive all of the batch, and nothing else.
func (b *Batch) Whole(m *Member) bool { return m.own[b.number%2] != b.number }

// Fleeting reports whether parts of the batch may be left out for a member who is behind.
func (b *Batch) Fleeting() bool { return b.fleeting }

// Pieces yields what m is to receive: everything but its own messages, which it may get something else for, and
// those from before it came; without what is ephemeral if m is behind. Each piece is one or several whole units of the
// encoding's format, valid until Flush returns.
func (b *Batch) Pieces(m *Member, behind bool) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		from := 0
		for _, s := range b.spans {
			if s.member != m && (s.member != nil || !behind) {
				continue
			}
			if s.from > from && !yield(b.bytes[from:s.from]) {
				return
			}
			from = max(from, s.to)
			if s.own[0] < s.own[1] && !yield(b.instead[s.own[0]:s.own[1]]) {
				return
			}
		}
		if from < len(b.bytes) {
			yield(b.bytes[from:])
		}
	}
}

// After is the position of m, to which this batch is being written, before it receives any of it.
func (b *Batch) After(m *Member) recado.Position {
	return recado.Position{Epoch: m.room.epoch, Seq: max(b.after, m.from)}
}

// begin makes nothing of what is in the batch so far a part of what m receives: it came, or came back, only now.
func (b *Batch) begin(m *Member) {
	b.spans = slices.DeleteFunc(b.spans, func(s span) bool { return s.member == m })
	if len(b.bytes) > 0 {
		m.own[b.number%2] = b.number
		b.spans = slices.Insert(b.spans, 0, span{member: m, to: len(b.bytes)}) // before the ephemeral stretches in it
	}
}

// leaveOut makes the bytes from that offset to the batch's present end no part of what m receives.
func (b *Batch) leaveOut(m *Member, from int) { b.replace(m, from, len(b.instead)) }

// replace makes m receive, for the bytes from that offset to the batch's present end, what was appended to
// b.instead from own on.
func (b *Batch) replace(m *Member, from, own int) {
	if from == len(b.bytes) && own == len(b.instead) {
		return
	}
	m.own[b.number%2] = b.number
	b.spans = append(b.spans, span{member: m, from: from, to: len(b.bytes), own: [2]int{own, len(b.instead)}})
}

// add appends m, as the members other than its sender see it, and returns where.
func (b *Batch) add(e Encoding, m *recado.Message) (from int) {
	from = len(b.bytes)
	b.bytes = e.Append(b.bytes, m)
	if m.Ephemeral && len(b.bytes) > from {
		b.fleeting = true
		b.spans = append(b.spans, span{from: from, to: len(b.bytes)})
	}
	return from
}

// recycle makes b available again; nobody may hold it.
func (b *Batch) recycle() {
	clear(b.spans)
	if cap(b.bytes) > maxPooled {
		b.bytes = nil
	}
	if cap(b.instead) > maxPooled {
		b.instead = nil
	}
	*b = Batch{bytes: b.bytes[:0], instead: b.instead[:0], spans: b.spans[:0]}
	batches.Put(b)
}
