package client

import (
	"fmt"
	"slices"

	"recado"
	v1 "recado/internal/protocol/v1"
)

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
	if r.outbox.due() || r.outbox.finished() {
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
	// Should the connection break before the gap is known, the next one has to tell of it again.
	r.gapComes = !w.Recovered && r.position != (recado.Position{})
	if !r.gapComes {
		r.position = w.Position
	}
	r.hello.Session = w.Session
	r.you, r.limits = Member(w.You), Limits(w.Limits)
	r.recount(w.MemberCount, w.Members)
	r.tell(State{Phase: Connected, Recovered: w.Recovered, Replay: w.Replay})
	if lost {
		r.tell(r.doubt()...)
	}
	r.tell(r.report(r.outbox.drop(func(m *outgoing) error { return r.fits(m.size) }))...)
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
	ends := !r.gapComes
	r.position, r.gapComes = g.Position, false
	r.tell(Gap{From: g.From, To: g.To, Missed: g.Missed, Position: g.Position, Reason: g.Reason})
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
