package transport

import (
	"net/http"

	"recado"
	v1 "recado/internal/protocol/v1"
)

// Serve answers a handshake and returns; the connection lives on in goroutines of its own. When it returns a
// *recado.Refusal, nothing was written and the caller answers the request.
func (t *Transport) Serve(rw http.ResponseWriter, r *http.Request, j Join) error {
	accepted, err := t.negotiate(r)
	if err != nil {
		return err
	}
	s, err := t.admit(func() (*session, error) { return t.begin(rw, r, j, accepted) })
	if err != nil {
		return err
	}
	t.launch(s, r, j)
	return nil
}

// begin joins the room, takes the connection over and answers. The member joins before the client knows that
// it is connected; until the answer is written, what it receives waits for out.mu.
func (t *Transport) begin(rw http.ResponseWriter, r *http.Request, j Join, a acceptance) (*session, error) {
	talks := a.subprotocol == v1.Subprotocol
	var access *recado.Access
	if !talks || j.Token != "" { // else the hello has to bring it
		var err error
		if access, err = recado.Admit(j.Authenticator, j.Token, j.Room, recado.MaySubscribe); err != nil {
			return nil, err
		}
	}
	s := t.newSession(j)
	s.wire, s.deflate = webSocketWire{}, a.windowBits > 0
	begun := false
	defer func() {
		if !begun {
			s.abandon()
		}
	}()
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	if talks {
		s.talk = &talk{room: j.Room, address: r.RemoteAddr, authenticator: j.Authenticator, encoding: t.talks[a.windowBits]}
	} else if err := s.joinRaw(r.Context(), j, access, t.encodings[a.windowBits]); err != nil {
		return nil, err
	}
	if err := s.takeOver(rw, a.response()); err != nil {
		return nil, err
	}
	s.admitted(access, j.Room)
	if s.talk != nil {
		s.awaitHello()
	} else {
		s.follow(j)
	}
	begun = true
	return s, nil
}

// newSession makes a session for that room.
func (t *Transport) newSession(j Join) *session {
	return &session{transport: t, local: j.Loopback, gone: j.Left, limits: t.limits.Load().In(j.Room)}
}

// takeOver takes the connection from net/http and answers. The caller holds out.mu.
func (s *session) takeOver(rw http.ResponseWriter, answer []byte) error {
	conn, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return err
	}
	initial, _ := buffered.Peek(buffered.Reader.Buffered())
	s.initial = append([]byte(nil), initial...)
	s.link = s.newLink(conn)
	s.transport.roster.add(s)
	s.transport.clients.Add(1) // before the client knows that it is one
	s.transport.observer.Connected(s.protocol())
	s.respond(answer)
	return nil
}

// follow begins with the history, if that was asked for. The caller holds out.mu.
func (s *session) follow(j Join) {
	if j.Replay {
		s.out.cursor = &cursor{at: j.After, since: j.Since}
		s.startWriting()
	}
}

// protocol is what the session speaks, for the log and for statistics.
func (s *session) protocol() string {
	if s.talk != nil {
		return v1.Subprotocol
	}
	return s.wire.protocol()
}
