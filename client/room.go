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

// take brings a frame of the server's in. The events are valid until the next call. The error ends the connection:
// it is ErrResync, a *protocolError or a *RefusedError.
func (r *room) take(frame v1.Event) ([]Event, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = r.events[:0]
	if _, is := frame.(v1.Welcome); is == r.joined {
		return nil, r.early(frame)
	}
	var err error
	switch f := frame.(type) {
	case v1.Welcome:
		r.welcome(f)
	case v1.Message:
		err = r.message(f)
	case v1.Ack:
		err = r.ack(f)
	case v1.Gap:
		r.gap(f)
	case v1.Page:
		r.page(f)
	case v1.Presence:
		r.presence(f)
	case v1.Count:
		r.recount(f.MemberCount, f.Members)
		r.tell(Count{Members: r.count})
	case v1.Drain:
		r.drain = f.ReconnectAfter
		r.tell(State{Phase: Draining, Wait: f.ReconnectAfter})
	case v1.Pong:
		r.pong()
	case *v1.Error:
		r.fault(f)
	}
	if r.outbox.ready() || r.outbox.finished() {
		r.rouse()
	}
	return r.events, err
}

// early is for the frames that come before the welcome, and for a second welcome.
func (r *room) early(frame v1.Event) error {
	switch f := frame.(type) {
	case *v1.Error: // the same hello would get the same answer
		return &RefusedError{Code: f.Code, Message: f.Message}
	case v1.Drain:
		r.drain = f.ReconnectAfter
		return nil
	}
	return &protocolError{recado.CloseProtocol, "a welcome where there should be none, or none where there should be"}
}

func (r *room) welcome(w v1.Welcome) {
	lost := r.position.Epoch != "" && r.position.Epoch != w.Position.Epoch ||
		r.hello.Session != "" && r.hello.Session != w.Session
	r.paging = r.hello.History > 0 && (r.paging || r.position == recado.Position{})
	r.joined, r.replay = true, w.Replay
	r.position, r.hello.Session = w.Position, w.Session
	r.you, r.limits = Member(w.You), Limits(w.Limits)
	r.recount(w.MemberCount, w.Members)
	r.tell(State{Phase: Connected, Recovered: w.Recovered, Replay: w.Replay})
	if lost {
		r.tell(r.doubt()...)
	}
	r.tell(r.report(r.outbox.drop(func(m *outgoing) error { return r.fits(m.size) }))...)
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

// step puts a stored frame into the chain. Not new are those that came before; the error is ErrResync.
func (r *room) step(seq, prev uint64) (fresh bool, err error) {
	switch {
	case seq <= r.position.Seq:
		return false, nil
	case prev != r.position.Seq:
		return false, fmt.Errorf("%w, between %d and %d", ErrResync, r.position.Seq, seq)
	}
	r.position.Seq = seq
	return true, nil
}

func (r *room) message(m v1.Message) error {
	if m.Ephemeral {
		r.tell(message(m, r.position.Epoch))
		return nil
	}
	fresh, err := r.step(m.Seq, m.Prev)
	if fresh {
		r.tell(message(m, r.position.Epoch))
		r.replay = max(0, r.replay-1)
	}
	return err
}

func (r *room) ack(a v1.Ack) error {
	receipt := Receipt{Position: recado.Position{Epoch: r.position.Epoch, Seq: a.Seq}, Duplicate: a.Duplicate}
	fresh := false
	if !a.Duplicate {
		var err error
		if fresh, err = r.step(a.Seq, a.Prev); err != nil {
			return err
		}
	}
	if m, open := r.outbox.open[a.ID]; open {
		r.outbox.settle(m, result{receipt: receipt})
		if m.result == nil {
			r.tell(Ack{ID: a.ID, Receipt: receipt})
		}
	}
	if fresh {
		r.replay = max(0, r.replay-1)
	}
	return nil
}

func (r *room) gap(g v1.Gap) {
	// One that follows the welcome says again where the stream goes on. A later one ends the replay: what it
	// leaves out will not come.
	ends := g.Position != r.position
	r.position = g.Position
	r.tell(Gap{From: g.From, To: g.To, Missed: g.Missed, Reason: g.Reason})
	if ends {
		r.replay = 0
	}
}

func (r *room) page(p v1.Page) {
	page := Page{More: p.More, Messages: make([]Message, len(p.Messages))}
	for i, m := range p.Messages {
		page.Messages[i] = message(m, r.position.Epoch)
	}
	switch q := r.question(p.ID); {
	case q != nil:
		r.answer(q, page, nil)
	case p.ID == "":
		r.paging = false
		r.tell(page)
	}
}

// fault deals with what the server calls wrong: it ends what it is about.
func (r *room) fault(e *v1.Error) {
	err := serverError(e)
	if m, open := r.outbox.open[e.ID]; open && e.Code != v1.CodeRateLimited {
		r.outbox.settle(m, result{err: err})
		r.tell(r.report([]lost{{m, err}})...)
		return
	}
	if q := r.renaming(); q != nil && e.Code == v1.CodeNameInvalid {
		q.err = err
		return
	}
	if q := r.question(e.ID); q != nil {
		r.answer(q, Page{}, err)
		return
	}
	r.tell(err)
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
	if err == nil {
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

// expire drops the messages that have waited too long.
func (r *room) expire() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
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
		events = append(events, Lost{ID: d.m.id, Err: d.err})
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

func message(m v1.Message, epoch string) Message {
	out := Message{
		Time: m.Time, From: Member(m.From), Kind: m.Content.Kind, Data: slices.Clip(m.Content.Data),
		Event: m.Event, Ephemeral: m.Ephemeral,
	}
	if !m.Ephemeral {
		out.Position = recado.Position{Epoch: epoch, Seq: m.Seq}
	}
	return out
}

func serverError(e *v1.Error) *ServerError {
	return &ServerError{Code: e.Code, Message: e.Message, RetryAfter: e.RetryAfter}
}

// signal fills a channel of capacity 1, which somebody will look at.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
