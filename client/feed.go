package client

import (
	"context"
	"sync"
)

const (
	// eventsAhead is how many events wait for the receiver before the reading of the connection does: enough to go
	// on reading in a flood while a receiver takes in as many, or draws a screen.
	eventsAhead = 4096
	// handedOver is how many of them the receiver can take without waiting for run.
	handedOver = 128
	// eventsMax and eventBytesMax bound them while a call waits for an answer of the server.
	eventsMax, eventBytesMax = 8192, 4 << 20
)

// A feed brings the events to their receiver, in order. A receiver who does not take them stops the reading, and
// with it the answers of the server. A call that waits for one may be the receiver's own, and would wait for ever:
// meanwhile more events are kept.
type feed struct {
	out   chan Event
	off   bool          // nobody wants events
	ready chan struct{} // of capacity 1: there is something in the queue, or it is closed
	moved chan struct{} // of capacity 1: the queue became shorter, or a call began

	mu     sync.Mutex // guards what follows
	queue  []Event
	bytes  int // of what they carry
	calls  int // that wait for an answer
	closed bool
}

func newFeed(off bool) *feed {
	return &feed{
		out:   make(chan Event, handedOver),
		off:   off,
		ready: make(chan struct{}, 1),
		moved: make(chan struct{}, 1),
	}
}

// call says that somebody waits for an answer, until done.
func (f *feed) call() (done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	signal(f.moved)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.calls--
	}
}

// put adds events at the end. It waits while there are too many.
func (f *feed) put(ctx context.Context, events ...Event) {
	if f.off {
		return
	}
	for _, e := range events {
		for !f.tryPut(e) {
			select {
			case <-f.moved:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (f *feed) tryPut(e Event) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	limit := eventsAhead
	if f.calls > 0 {
		limit = eventsMax
	}
	if len(f.queue) >= limit || len(f.queue) > 0 && f.bytes+size(e) > eventBytesMax {
		return false
	}
	f.queue = append(f.queue, e)
	f.bytes += size(e)
	signal(f.ready)
	return true
}

// close lets run end when all is delivered.
func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	signal(f.ready)
}

// run delivers until close, or the end of ctx. When expiring is signalled, it asks expire for more.
func (f *feed) run(ctx context.Context, expiring <-chan struct{}, expire func() []Event) {
	defer close(f.out)
	var events []Event
	for at := 0; ; {
		if at == len(events) {
			clear(events)
			var ended bool
			if events, ended = f.swap(events[:0]); ended {
				return
			}
			at = 0
		}
		var out chan<- Event // nil blocks: there is nothing to deliver
		var next Event
		if at < len(events) {
			out, next = f.out, events[at]
			select {
			case out <- next: // mostly there is place: this way is the short one
				at++
				continue
			default:
			}
		}
		select {
		case out <- next:
			at++
		case <-f.ready:
		case <-expiring:
			if lost := expire(); !f.off {
				events = append(events, lost...)
			}
		case <-ctx.Done():
			return
		}
	}
}

// swap takes what is in the queue, which goes on with an empty slice. Ended means that nothing is left, and
// nothing will come.
func (f *feed) swap(empty []Event) (events []Event, ended bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	events, f.queue, f.bytes = f.queue, empty, 0
	if len(events) > 0 {
		signal(f.moved)
	}
	return events, f.closed && len(events) == 0
}

// size is about what an event carries, in bytes.
func size(e Event) int {
	switch e := e.(type) {
	case Message:
		return len(e.Data)
	case Page:
		n := 0
		for _, m := range e.Messages {
			n += len(m.Data)
		}
		return n
	}
	return 0
}
