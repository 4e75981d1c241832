package client

import (
	"bytes"
	"container/list"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/gobwas/ws"

	v1 "recado/internal/protocol/v1"
)

const (
	// outboxBytes bounds what the outbox holds, together with the number of messages.
	// One message always fits an empty outbox, however big it is.
	outboxBytes = 16 << 20
	// inFlight bounds what is sent and not acknowledged. A server remembers the last 1,000 ids of a session: what
	// is sent again after an outage must be among them.
	inFlight = 512
	// inFlightBytes keeps a server that reads slowly, to enforce its rates, from having so much before it that an
	// answer to a ping comes too late.
	inFlightBytes = 256 << 10
	// frameHead is about what a frame has besides its content.
	frameHead = 64
	// batch is how much is written at once.
	batch = 64 << 10
)

// An outbox holds the messages that are not acknowledged, in the order in which they were given to it.
// It belongs to a room, whose lock guards it.
type outbox struct {
	capacity int
	age      time.Duration
	prefix   string // of the ids: a program that brings its session back must not use those of its last run again
	counter  int

	waiting list.List     // of *outgoing
	next    *list.Element // the first that is not written to the connection that there is
	open    map[string]*outgoing
	bytes   int // of all of them
	flying  int // those that are written to the connection that there is
	flyingB int // and their bytes

	closed error         // why nothing more is accepted; nil as long as something is
	space  chan struct{} // closed when a full outbox may have space again; nil while nobody waits for that
	timer  *time.Timer   // tells that the oldest may have expired
	armed  bool          // it runs
}

// An outgoing is a message on its way. Its frame is made once: what is sent again is the same.
type outgoing struct {
	id        string
	frame     []byte
	size      int // of the content, which is what the server limits
	since     time.Time
	ephemeral bool
	place     *list.Element
	flying    bool          // written to the connection that there is
	written   bool          // to any connection: it may have arrived
	result    chan<- result // of capacity 1, where Publish waits; nil if nobody does
}

// A result is how a message ended.
type result struct {
	receipt Receipt
	err     error
}

func newOutbox(capacity int, age time.Duration, expiring func()) outbox {
	o := outbox{
		capacity: capacity,
		age:      age,
		prefix:   rand.Text()[:8] + ".",
		open:     map[string]*outgoing{},
		timer:    time.AfterFunc(age, expiring),
	}
	o.timer.Stop() // until there is something that can expire
	return o
}

// add puts a message at the end, under an id of its own. When it returns ErrOutboxFull, another try is worth it
// once the channel is closed.
func (o *outbox) add(p v1.Publish, result chan<- result) (m *outgoing, space <-chan struct{}, err error) {
	size := len(p.Content.Data)
	switch {
	case o.closed != nil:
		return nil, nil, o.closed
	case len(o.open) == 0: // always fits
	case len(o.open) >= o.capacity, o.bytes+size > outboxBytes:
		if o.space == nil {
			o.space = make(chan struct{})
		}
		return nil, o.space, ErrOutboxFull
	}
	o.counter++
	m = &outgoing{
		id: o.prefix + strconv.Itoa(o.counter), size: size, since: time.Now(), ephemeral: p.Ephemeral, result: result,
	}
	if !p.Ephemeral {
		p.ID = m.id
	}
	m.frame = v1.AppendCommand(make([]byte, 0, size+size/8+frameHead), p)
	m.place = o.waiting.PushBack(m)
	o.open[m.id] = m
	o.bytes += size
	if o.next == nil {
		o.next = m.place
	}
	if !o.armed {
		o.armed = true
		o.timer.Reset(o.age)
	}
	return m, nil, nil
}

// ready reports whether there is something to gather.
func (o *outbox) ready() bool { return o.next != nil && o.flying < inFlight }

// due reports that there is enough to gather to be worth a system call, while acknowledgements come one by one.
func (o *outbox) due() bool { return o.next != nil && o.flying <= inFlight/2 }

// gather writes what may be sent now, up to about a batch.
func (o *outbox) gather(b *bytes.Buffer) {
	for o.ready() && b.Len() < batch {
		m, _ := o.next.Value.(*outgoing)
		if o.flying > 0 && o.flyingB+m.size > inFlightBytes {
			return
		}
		o.next = o.next.Next()
		writeFrame(b, ws.OpText, m.frame)
		m.written, m.flying = true, true
		o.flying++
		o.flyingB += m.size
		if m.ephemeral {
			o.settle(m, result{}) // nobody acknowledges it
		}
	}
}

// settle ends a message, and tells Publish if that waits for it.
func (o *outbox) settle(m *outgoing, r result) {
	if o.next == m.place {
		o.next = m.place.Next()
	}
	o.waiting.Remove(m.place)
	delete(o.open, m.id)
	o.bytes -= m.size
	if m.flying {
		o.flying--
		o.flyingB -= m.size
	}
	if o.space != nil && len(o.open) <= o.capacity-max(1, o.capacity/4) { // not for each message a change of goroutines
		close(o.space)
		o.space = nil
	}
	if m.result != nil {
		m.result <- r
	}
}

// drop settles every message for which why returns an error, in order.
func (o *outbox) drop(why func(*outgoing) error) (dropped []lost) {
	for place := o.waiting.Front(); place != nil; {
		m, _ := place.Value.(*outgoing)
		place = place.Next()
		if err := why(m); err != nil {
			o.settle(m, result{err: err})
			dropped = append(dropped, lost{m, err})
		}
	}
	return dropped
}

// A lost is a message that was dropped, and why.
type lost struct {
	m   *outgoing
	err error
}

// rewind makes all that is open to be written again, to another connection.
func (o *outbox) rewind() {
	for _, m := range o.open {
		m.flying = false
	}
	o.flying, o.flyingB = 0, 0
	o.next = o.waiting.Front()
}

// expire drops what is too old, and sets the timer for the next.
func (o *outbox) expire() []lost {
	dropped := o.drop(func(m *outgoing) error {
		switch {
		case time.Since(m.since) < o.age:
			return nil
		case m.written:
			return fmt.Errorf("%w: no acknowledgement came for %v", ErrUncertain, o.age)
		}
		return ErrExpired
	})
	o.armed = false
	if oldest := o.waiting.Front(); oldest != nil {
		m, _ := oldest.Value.(*outgoing)
		o.armed = true
		o.timer.Reset(o.age - time.Since(m.since))
	}
	return dropped
}

// close accepts nothing more, for this reason. The first one counts.
func (o *outbox) close(why error) {
	if o.closed != nil {
		return
	}
	o.closed = why
	if o.space != nil {
		close(o.space)
		o.space = nil
	}
}

// finished reports that nothing is open, and nothing will be.
func (o *outbox) finished() bool { return o.closed != nil && len(o.open) == 0 }

// uncertainIf makes err an ErrUncertain for what was written.
func uncertainIf(written bool, err error) error {
	if written {
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	return err
}
