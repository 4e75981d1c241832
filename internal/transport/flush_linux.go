package transport

import (
	"errors"
	"runtime"

	"recado"
	"recado/internal/hub"
	"recado/internal/uring"
)

const (
	// maxRings is how many flushes at most go by rings at the same time.
	maxRings = 8
	// ringFrom is the smallest number of members for whom a ring pays.
	ringFrom = 8
)

// flush writes b to the members: many by one system call, if there is a ring that nobody uses.
func flush(b *hub.Batch, to []*hub.Member) {
	w := directWriters.Get().(*directWriter)
	defer directWriters.Put(w)
	if len(to) >= ringFrom {
		rings := to[0].Conn.(*session).transport.poller.rings
		select {
		case r := <-rings:
			defer func() { rings <- r }()
			r.flush(w, b, to)
			return
		default:
		}
	}
	w.flush(b, to)
}

// openRings makes rings for as many flushes as can run, or none where the system has none.
func (p *poller) openRings() {
	var rings []*uring.Ring
	for range min(runtime.GOMAXPROCS(0), maxRings) {
		if ring, err := uring.New(); err == nil {
			rings = append(rings, ring)
		}
	}
	p.rings = make(chan *ringWriter, len(rings))
	for _, ring := range rings {
		p.rings <- &ringWriter{ring: ring}
	}
}

// closeRings frees them as soon as no flush uses them.
func (p *poller) closeRings() {
	for range cap(p.rings) {
		(<-p.rings).ring.Close()
	}
}

// A ringWriter is a ring, and the members whose writes are queued in it. Each one's out.mu is held until then: it is a
// member of no other room, so no two flushes hold what the other waits for.
type ringWriter struct {
	ring    *uring.Ring
	members [uring.Size]*hub.Member
}

func (r *ringWriter) flush(w *directWriter, b *hub.Batch, to []*hub.Member) {
	data := b.Bytes()
	queued := 0
	for _, m := range to {
		s := m.Conn.(*session)
		s.out.mu.Lock()
		l, polled := s.link.(*polledLink)
		if !polled || len(data) == 0 || !b.Whole(m) || s.out.end != nil || len(s.out.backlog) > 0 {
			s.unlock(func() { s.receiveLocked(w, b, m) })
			continue
		}
		r.members[queued] = m
		if queued = r.ring.Add(l.fd, data); queued == uring.Size {
			r.write(b)
			queued = 0
		}
	}
	r.write(b)
}

// write does what is queued.
func (r *ringWriter) write(b *hub.Batch) {
	for i := range r.ring.Write() {
		m := r.members[i]
		r.members[i] = nil
		s := m.Conn.(*session)
		n, err := r.ring.Result(i)
		if err == nil && n == len(b.Bytes()) {
			s.out.mu.Unlock()
			continue
		}
		s.unlock(func() {
			if err != nil && !errors.Is(err, uring.ErrFull) {
				s.fail(recado.CloseAbnormal, err.Error())
			} else { // one message always fits an empty backlog
				s.enqueue(piece{data: b.Keep(), off: n})
			}
		})
	}
}
