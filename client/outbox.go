package client

import (
	"sync"
	"time"

	"recado"
)

// outboxBytes bounds what waits, together with the number of messages.
// One message always fits an empty outbox, however big it is.
const outboxBytes = 16 << 20

// An outbox holds the messages that no connection has taken yet.
type outbox struct {
	capacity int
	age      time.Duration

	mu        sync.Mutex // guards what follows
	waiting   []outgoing
	bytes     int
	finishing bool          // nothing more is accepted
	changed   chan struct{} // closed and replaced when messages come or go, and by finish
}

type outgoing struct {
	kind  recado.Kind
	data  []byte
	since time.Time
}

func newOutbox(capacity int, age time.Duration) *outbox {
	return &outbox{capacity: capacity, age: age, changed: make(chan struct{})}
}

// add puts a message at the end. When it returns ErrOutboxFull, changed is closed when another try is worth it.
func (o *outbox) add(kind recado.Kind, data []byte) (changed <-chan struct{}, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.finishing:
		return nil, ErrClosed
	case len(o.waiting) == 0: // always fits
	case len(o.waiting) >= o.capacity, o.bytes+len(data) > outboxBytes:
		return o.changed, ErrOutboxFull
	}
	o.waiting = append(o.waiting, outgoing{kind, data, time.Now()})
	o.bytes += len(data)
	o.announce()
	return nil, nil
}

// take removes up to limit messages of up to size bytes from the front, but at least one if there is any and
// limit and size allow something.
func (o *outbox) take(limit, size int) []outgoing {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, total := 0, 0
	for n < len(o.waiting) && n < limit && total < size {
		total += len(o.waiting[n].data)
		n++
	}
	return o.remove(n)
}

// expire removes the messages that have waited too long and returns their number.
func (o *outbox) expire() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for n < len(o.waiting) && time.Since(o.waiting[n].since) >= o.age {
		n++
	}
	return len(o.remove(n))
}

// finish accepts no more messages.
func (o *outbox) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.finishing {
		o.finishing = true
		o.announce()
	}
}

// finished reports that the outbox is empty and stays so.
func (o *outbox) finished() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.finishing && len(o.waiting) == 0
}

func (o *outbox) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.waiting)
}

// watch is closed at the next change. To miss none, watch first and look afterwards.
func (o *outbox) watch() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.changed
}

func (o *outbox) remove(n int) []outgoing {
	removed := o.waiting[:n:n]
	o.waiting = o.waiting[n:]
	if len(o.waiting) == 0 {
		o.waiting = nil // lets the array go
	}
	for _, m := range removed {
		o.bytes -= len(m.data)
	}
	if n > 0 {
		o.announce()
	}
	return removed
}

func (o *outbox) announce() {
	close(o.changed)
	o.changed = make(chan struct{})
}
