package transport

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/hub"
	v1 "recado/internal/protocol/v1"
)

// errEnded stops the reading of a session that has come to its end.
var errEnded = errors.New("session ended")

// A session is one WebSocket connection in one room. One goroutine at a time reads it, and ends it; any may write.
type session struct {
	transport *Transport
	member    hub.Member     // joined, unless talk says that it is not yet
	talk      *talk          // nil: raw
	limits    *recado.Limits // of the room, when the session began
	wire      wire
	link      link
	out       outgoing
	frames    *frameReader // nil: nothing is unfinished

	gone     func() // see Join.Left
	initial  []byte // what came right behind the handshake, until that is read
	owes     bool   // what it has published waits to be written with what comes next
	left     bool   // the room; only the end of the connection is waited for
	garbled  bool   // what comes cannot be understood any more
	said     bool   // the client's close frame has come
	local    bool   // on this machine: the message rate does not apply
	streams  bool   // the client only listens
	deflate  bool   // was negotiated
	returns  bool   // raw, with a session that may be brought again
	began    uint64 // the room's newest message when the session joined it
	pass     atomic.Pointer[pass]
	messages meter
	controls meter

	heard  atomic.Int64 // tick of the roster at which something last came
	pinged int64        // tick of an unanswered ping, 0 if there is none; guarded by the roster
	place  place        // guarded by the roster
}

// run serves the session and reports whether it is over. It is not when the receiver, which does not wait then, has
// nothing for now: run is called again when there is something.
func (s *session) run(in receiver) (over bool) {
	if !s.left {
		err := s.serve(in)
		if errors.Is(err, errLater) {
			return false
		}
		_, s.garbled = errors.AsType[*closeError](err)
		s.guard(func() { s.end(err) })
		s.guard(s.leave)
		s.left = true
		if !s.awaitEnd() {
			s.finish()
			return true
		}
	}
	over = true // should the rest panic
	s.guard(func() { over = s.linger(in) })
	if over {
		s.finish()
	}
	return over
}

// serve reads until something ends the session, or there is nothing to read for now, and returns what.
func (s *session) serve(in receiver) (err error) {
	defer s.recoverInto(&err)
	defer s.settle() // a panic may have come before it
	if len(s.initial) > 0 {
		initial := s.initial
		s.initial = nil
		err = s.feed(initial)
	}
	for err == nil {
		var p []byte
		if p, err = in.receive(); err == nil {
			s.heard.Store(s.transport.roster.now())
			err = s.feed(p)
		}
		in.release()
	}
	return err
}

// feed takes what the client has sent. Who has asked for a stream has nothing more to say.
func (s *session) feed(p []byte) error {
	if s.streams {
		return nil
	}
	f := s.frames
	if f == nil {
		f = s.newFrameReader()
	}
	s.frames = f
	err := f.feed(p, s)
	s.settle()
	if f.rests() {
		s.frames = nil
		frameReaders.Put(f)
	}
	return err
}

// newFrameReader is one for what begins with a frame.
func (s *session) newFrameReader() *frameReader {
	f := frameReaders.Get().(*frameReader)
	*f = frameReader{messageLimit: s.limits.MessageSize, fragmentLimit: s.limits.Fragments, deflate: s.deflate}
	if s.talk != nil {
		f.messageLimit = v1.FrameLimit(s.limits.MessageSize)
	}
	return f
}

// end makes err, which serve returned, the session's end unless something else was.
func (s *session) end(err error) {
	var violation *closeError
	switch {
	case errors.As(err, &violation):
		s.close(violation.code, violation.code.Reason(), violation.why)
	case errors.Is(err, errEnded), errors.Is(err, os.ErrDeadlineExceeded):
		// It has been ended: only that sets a deadline.
	case errors.Is(err, io.EOF):
		s.lost("connection closed without a close frame")
	default:
		s.lost(err.Error())
	}
}

// leave takes the session out of its room and says so in the log.
func (s *session) leave() {
	end, clients := s.out.ending(), s.transport.clients.Add(-1)
	s.pass.Load().end()
	room := ""
	if t := s.talk; t != nil {
		if t.patience != nil {
			t.patience.Stop()
		}
		room = t.room
	}
	if s.joined() {
		room = s.member.Room()
		s.member.Leave((s.returns || s.talk != nil) && end.code != recado.CloseNormal)
	}
	s.transport.observer.Disconnected(s.protocol(), end.code)
	s.transport.log.Info("client disconnected", s.named("room", room,
		"code", int(end.code), "reason", end.why, "clients", clients)...)
}

// joined reports whether the session is a member of its room.
func (s *session) joined() bool { return s.member.Joined() }

// named adds to what the log says the member's id, which there is not before hello, and whom its token is for.
func (s *session) named(facts ...any) []any {
	if user := s.access().User(); user != "" {
		facts = append(facts, "user", user)
	}
	if s.joined() {
		facts = append(facts, "id", s.member.ID)
	}
	return facts
}

// linger reads what still comes until the other side has seen the end, and reports whether it has: closing a socket
// with unread bytes would reset it, and the close frame could be lost (RFC 6455, section 7.1.1). If what comes can
// still be understood, the client's close frame is that end, else only the end of the connection is.
func (s *session) linger(in receiver) (over bool) {
	for {
		p, err := in.receive()
		if err == nil && !s.garbled {
			err = s.feed(p)
		}
		in.release()
		switch {
		case errors.Is(err, errLater):
			return false
		case errors.Is(err, os.ErrDeadlineExceeded):
			return true
		case err != nil:
			s.link.settle() // what the client said last may have overtaken our own end
			return true
		}
	}
}

// finish frees what the session holds. If the client has not taken all, nobody reads what is left: the kernel is not
// to keep it.
func (s *session) finish() {
	s.transport.roster.remove(s)
	s.link.close(s.out.unsent())
	s.transport.open.Add(-1)
	if s.gone != nil {
		s.gone()
	}
}

// handleMessage publishes what the client said, or does what it asks for.
func (s *session) handleMessage(kind recado.Kind, data []byte) error {
	if s.out.ended() {
		return nil // too late; but the close frame may be behind it
	}
	var err error
	if s.talk != nil {
		err = s.handleCommand(kind, data)
	} else if !s.may(recado.MayPublish) {
		s.settle()
		s.forbid("published without the right to")
		return nil
	} else {
		_, err = s.publish(recado.Message{Kind: kind, Data: data})
	}
	if err != nil {
		return err
	}
	s.pace()
	s.heard.Store(s.transport.roster.now()) // only now: taking it may have been made to wait
	return nil
}

// publish sends m to the room.
func (s *session) publish(m recado.Message) (recado.Receipt, error) {
	s.transport.relayed.log(s, m.Kind, m.Data)
	publish := s.member.Publish
	if s.owes = s.frames.more; s.owes {
		publish = s.member.PublishAhead
	}
	receipt, err := publish(context.Background(), m)
	if err != nil {
		return receipt, failf(recado.CloseOverloaded, "publish: %v", err)
	}
	s.transport.observer.Published(s.protocol(), len(m.Data), receipt.Duplicate)
	return receipt, nil
}

// settle writes to the others what publish has left for the next message to take along.
func (s *session) settle() {
	if s.owes {
		s.owes = false
		s.member.Flush()
	}
}

// pace waits as long as the client is over its message rate, so that it is read more slowly and loses nothing.
func (s *session) pace() {
	limits := s.limits
	if s.local || limits.MessageRate == recado.Off {
		return
	}
	n := 1
	if s.talk != nil {
		n += s.talk.given
		s.talk.given = 0
	}
	wait := s.messages.take(s.transport.age(), min(n, limits.MessageBurst), limits.MessageRate, limits.MessageBurst)
	if s.talk != nil {
		s.talk.tellSlowed(s, wait)
	}
	if wait > 0 {
		s.settle()
		s.transport.observer.Slowed()
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-s.transport.closing:
		}
	}
}

// handleControl answers pings and close frames (RFC 6455, section 5.5).
func (s *session) handleControl(op ws.OpCode, payload []byte) error {
	limits := s.limits
	if limits.ControlRate != recado.Off && s.controls.take(s.transport.age(), 1, limits.ControlRate, limits.ControlBurst) > 0 {
		return failf(recado.CloseFlood, "more than %d control frames a second", limits.ControlRate)
	}
	switch op {
	case ws.OpPing:
		s.control(ws.OpPong, payload)
	case ws.OpClose:
		code, reason, err := parseClose(payload)
		if err != nil {
			return err
		}
		s.said = true
		s.answerClose(code, reason)
		return errEnded
	}
	return nil
}
