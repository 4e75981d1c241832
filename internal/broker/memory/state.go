package memory

import (
	"errors"
	"io"
	"math"
	"time"

	"recado"
)

// A state begins with this line and ends with the SHA-256 sum of all before. Between them are the epoch, the
// counter, the floor, and the rooms, each after a 1, with its messages and its ids; then a 0. Numbers and times are
// varints, and what has no fixed length comes after its length.
const (
	stateKind = "recado state "
	stateLine = stateKind + "1\n"
)

// maxSeq keeps the counter of a state far from its end, and within what JavaScript counts exactly.
const maxSeq = 1 << 53

// Save writes what the broker remembers, for Load. It can be called after Close only.
func (b *Broker) Save(w io.Writer) error {
	if !b.closed.Load() {
		return errors.New("save: the broker is not closed")
	}
	e := newEncoder(w)
	e.raw(stateLine)
	e.text(b.epoch)
	e.number(b.seq.Load())
	e.number(b.floor.Load())
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.RLock()
		for _, r := range s.rooms {
			e.number(1)
			r.save(e)
		}
		s.mu.RUnlock()
	}
	e.number(0)
	return e.finish()
}

func (r *room) save(e *encoder) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.text(r.name)
	e.number(r.last)
	e.time(r.time)
	e.number(uint64(r.kept.n))
	for i := range r.kept.n {
		m := r.kept.at(i)
		e.number(m.Seq)
		e.number(m.Prev)
		e.time(m.Time.UnixMilli())
		e.raw(string(m.Sender[:]))
		e.text(m.Name)
		e.text(m.ID)
		e.text(m.Event)
		e.number(uint64(m.Kind))
		e.data(m.Data)
	}
	e.number(uint64(len(r.seen)))
	for sender, s := range r.seen {
		e.raw(string(sender[:]))
		e.number(uint64(s.order.n))
		for i := range s.order.n {
			id := *s.order.at(i)
			p := s.places[id]
			e.text(id)
			e.number(p.seq)
			e.number(p.prev)
			e.time(p.at)
		}
	}
}

// Load makes a broker that goes on, in the same epoch, where the saved one ended. What these limits do not allow,
// and what is too old by now, is dropped. An error says that r is not the whole and unchanged state of a broker.
func Load(r io.Reader, l recado.Limits) (*Broker, error) {
	b := New(l)
	if err := b.load(newDecoder(r)); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *Broker) load(d *decoder) error {
	d.header()
	b.epoch = d.text()
	_, err := recado.ParsePosition(b.epoch + ".0")
	d.check(err == nil)
	b.seq.Store(d.number(maxSeq))
	b.floor.Store(d.number(b.seq.Load()))
	now := b.now().UnixMilli()
	for d.number(1) == 1 {
		b.loadRoom(d, now)
	}
	return d.finish()
}

// loadRoom adds a room, unless nothing is left of it.
func (b *Broker) loadRoom(d *decoder, now int64) {
	r := newRoom(b, d.text())
	r.last = d.number(b.seq.Load())
	r.time = d.time()
	r.loadMessages(d, now)
	for n := d.number(maxSeq); n > 0 && d.err == nil; n-- {
		r.loadIDs(d)
	}
	rooms := b.shard(r.name).rooms
	d.check(rooms[r.name] == nil)
	if d.err != nil {
		return
	}
	r.shrink(now, math.MaxInt, math.MaxInt)
	if r.idle() {
		b.raiseFloor(r.last)
		return
	}
	rooms[r.name] = r
	b.tidy(now) // more may have been saved than may be held now
}

func (r *room) loadMessages(d *decoder, now int64) {
	n := d.number(maxSeq)
	var last recado.Message
	for i := range n {
		m := recado.Message{Room: r.name, Seq: d.number(r.last), Prev: d.number(r.last)}
		m.Time = time.UnixMilli(d.time()).UTC()
		copy(m.Sender[:], d.raw(len(m.Sender)))
		m.Name, m.ID, m.Event = d.text(), d.text(), d.text()
		m.Kind = recado.Kind(d.number(math.MaxUint8))
		m.Data = d.data()
		d.check(m.Prev < m.Seq && (i == 0 || m.Prev == last.Seq) && !m.Time.Before(last.Time))
		if d.err != nil {
			return
		}
		r.store(&m, now)
		last = m
	}
	d.check(n == 0 || last.Seq == r.last && last.Time.UnixMilli() <= r.time)
}

func (r *room) loadIDs(d *decoder) {
	var sender recado.MemberID
	copy(sender[:], d.raw(len(sender)))
	d.check(r.seen[sender] == nil)
	var last int64
	for n := d.number(maxIDs); n > 0 && d.err == nil; n-- {
		id := d.text()
		p := place{seq: d.number(r.last), prev: d.number(r.last), at: d.time()}
		d.check(id != "" && last <= p.at && p.at <= r.time)
		if s := r.seen[sender]; s != nil {
			_, twice := s.places[id]
			d.check(!twice)
		}
		if d.err == nil {
			r.remember(sender, id, p)
		}
		last = p.at
	}
}
