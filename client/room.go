package client

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"recado"
	v1 "recado/internal/protocol/v1"
)

// A room is what the client knows of its room and of its place there. It outlasts the connections, and knows
// nothing of them: frames of the server go in, events and frames to send come out.
type room struct {
	wake chan struct{} // of capacity 1: there may be something new to write

	mu        sync.Mutex // guards what follows
	hello     v1.Hello   // of the next connection; Since apart
	outbox    outbox
	asked     []*question // not answered, in the order of asking
	questions int         // that were ever asked
	events    []Event     // that a frame has brought; reused for the next one

	position recado.Position // of the last stored message that came; zero before the first welcome
	gapComes bool            // the welcome was not of a whole resume: a gap follows it
	paging   bool            // the page that hello.History asks for has not come: there is nothing to resume yet
	joined   bool            // the connection that there is has been welcomed
	replay   int             // stored messages that the server still repeats
	drain    time.Duration   // how long to stay away after the close that was announced; 0: none was

	you     Member
	members map[recado.MemberID]Member // nil in a large room
	count   int                        // of the members
	limits  Limits
	lost    LostError // since the client was opened
}

// enter begins a connection: it returns the first frame to write.
func (r *room) enter() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.joined, r.replay = false, 0
	r.outbox.rewind()
	for _, q := range r.asked {
		q.written = false
	}
	hello := r.hello
	if r.position != (recado.Position{}) && !r.paging {
		hello.Since, hello.History = r.position, 0
	}
	return v1.AppendCommand(nil, hello)
}

// leave ends a connection, because of err. It returns what is lost by that, and how long the server has asked to
// stay away.
func (r *room) leave(err error) (events []Event, drain time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	events = r.report(r.outbox.drop(func(m *outgoing) error {
		if m.ephemeral {
			return ErrOffline
		}
		return nil
	}))
	if closed, is := errors.AsType[*CloseError](err); is && closed.Code == recado.CloseReplaced {
		// Somebody else goes on with our session: we come back as a new member.
		r.hello.Session = ""
		events = append(events, r.doubt()...)
	}
	r.joined = false
	drain, r.drain = r.drain, 0
	return events, drain
}

// gather writes what may be written now. It reports that nothing more will ever come.
func (r *room) gather(b *bytes.Buffer) (finished bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.joined {
		for _, q := range r.asked {
			if !q.written {
				q.written = true
				for _, c := range q.commands {
					writeFrame(b, ws.OpText, v1.AppendCommand(nil, c))
				}
			}
		}
		if r.replay == 0 {
			r.outbox.gather(b)
		}
	}
	return r.outbox.finished()
}

// publish takes a message in; space is as add says.
func (r *room) publish(p v1.Publish, wait chan<- result) (m *outgoing, space <-chan struct{}, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err = r.fits(len(p.Content.Data)); err != nil {
		return nil, nil, err
	}
	if p.Ephemeral && r.outbox.closed == nil && (!r.joined || r.replay > 0) {
		return nil, nil, ErrOffline
	}
	m, space, err = r.outbox.add(p, wait)
	if r.outbox.ready() {
		r.rouse()
	}
	return m, space, err
}

// withdraw settles a message with err, if it is not settled yet.
func (r *room) withdraw(m *outgoing, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outbox.open[m.id] == m {
		r.outbox.settle(m, result{err: uncertainIf(m.written, err)})
		r.rouse()
	}
}

// discard settles a message that nobody waits for and no connection has carried.
func (r *room) discard(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, open := r.outbox.open[id]
	if !open || m.written || m.result != nil {
		return false
	}
	r.outbox.settle(m, result{})
	r.rouse() // it may have been the last one that Finish waits for
	return true
}

// expire drops the messages that have waited too long.
func (r *room) expire() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.rouse() // it may have been the last one that Finish waits for
	return r.report(r.outbox.expire())
}

// finished reports that nothing is open, and nothing will be.
func (r *room) finished() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outbox.finished()
}

// finish accepts nothing more.
func (r *room) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outbox.close(ErrClosed)
	r.rouse()
}

// end gives everything up that is open, for this reason.
func (r *room) end(why error) []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outbox.close(why)
	r.outbox.timer.Stop()
	for _, q := range slices.Clone(r.asked) {
		r.answer(q, Page{}, why)
	}
	return r.report(r.outbox.drop(func(m *outgoing) error { return uncertainIf(m.written, why) }))
}

// doubt gives up what was sent to a server that does not know any more whether it got it.
func (r *room) doubt() []Event {
	return r.report(r.outbox.drop(func(m *outgoing) error {
		if m.written {
			return ErrUncertain
		}
		return nil
	}))
}

// report counts messages that are lost, and makes events of those that nobody waits for.
func (r *room) report(dropped []lost) (events []Event) {
	for _, d := range dropped {
		if d.m.result != nil || d.m.ephemeral {
			continue
		}
		if errors.Is(d.err, ErrUncertain) {
			r.lost.Uncertain++
		} else {
			r.lost.Unsent++
		}
		r.lost.Err = d.err
		events = append(events, Lost{ID: d.m.id, Err: d.err, More: true})
	}
	if n := len(events); n > 0 {
		last := events[n-1].(Lost)
		last.More = false
		events[n-1] = last
	}
	return events
}

func (r *room) tell(events ...Event) { r.events = append(r.events, events...) }

func (r *room) rouse() { signal(r.wake) }

// fits reports why a message of this size cannot be sent. Before the first welcome the limit is the protocol's.
func (r *room) fits(size int) error {
	if limit := cmp.Or(r.limits.MessageBytes, recado.MaxMessageSize); size > limit {
		return fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooBig, size, limit)
	}
	return nil
}

// signal fills a channel of capacity 1, which somebody will look at.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
