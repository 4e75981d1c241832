package transport

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"recado"
	"recado/internal/hub"
	v1 "recado/internal/protocol/v1"
)

// bearer begins the subprotocol that carries a token instead of naming a protocol.
const bearer = "bearer."

// BearerToken is the token that a handshake carries as a subprotocol, "" if there is none.
func BearerToken(r *http.Request) string {
	for _, offer := range list(r.Header.Values("Sec-WebSocket-Protocol")) {
		if token, is := strings.CutPrefix(offer, bearer); is {
			return token
		}
	}
	return ""
}

// A pass is what a session may do in its room, as one token says; another token is another pass. A server that is
// open to all has none.
type pass struct {
	access *recado.Access
	rights recado.Rights
	expiry *time.Timer // nil: it does not expire. The goroutine that reads, or began, the session uses it
}

// may reports whether the session has the right.
func (s *session) may(right recado.Rights) bool {
	p := s.pass.Load()
	return p == nil || p.rights.Has(right)
}

// access is what the session's token allows; nil: everything.
func (s *session) access() *recado.Access {
	if p := s.pass.Load(); p != nil {
		return p.access
	}
	return nil
}

// admitted gives the session what its token allows in that room, in place of what it had.
func (s *session) admitted(a *recado.Access, room string) {
	var p *pass
	if a != nil {
		p = &pass{access: a, rights: a.Rights(room)}
	}
	s.pass.Swap(p).end()
	if p != nil && !a.Expires.IsZero() {
		p.expiry = time.AfterFunc(time.Until(a.Expires), func() {
			defer s.survive()
			if s.pass.Load() == p {
				s.close(recado.CloseToken, recado.AuthExpired, "token expired")
			}
		})
	}
}

// end stops the clock of a pass that no longer counts.
func (p *pass) end() {
	if p != nil && p.expiry != nil {
		p.expiry.Stop()
	}
}

// forbid ends a session that does what its token does not allow.
func (s *session) forbid(why string) {
	s.close(recado.CloseForbidden, recado.RoomForbidden, why)
}

// identify finds out what the client of a hello may do, and closes the connection of one who may not come in.
func (s *session) identify(token string) (ok bool) {
	if s.talk.authenticator == nil || token == "" && s.pass.Load() != nil {
		return true
	}
	access, err := recado.Admit(s.talk.authenticator, token, s.talk.room, recado.MaySubscribe)
	if err == nil {
		s.admitted(access, s.talk.room)
		return true
	}
	code, reason := closeOf(err)
	s.close(code, reason, err.Error())
	return false
}

// closeOf is how the connection ends of a client that was not admitted.
func closeOf(err error) (code recado.CloseCode, reason string) {
	if refusal, is := errors.AsType[*recado.Refusal](err); is {
		switch reason = refusal.Code; reason {
		case recado.AuthRequired:
			return recado.CloseLogin, reason
		case recado.AuthInvalid, recado.AuthExpired:
			return recado.CloseToken, reason
		case recado.RoomForbidden:
			return recado.CloseForbidden, reason
		case recado.AuthLimited:
			return recado.CloseOverloaded, reason
		}
	}
	return recado.CloseInternal, recado.CloseInternal.Reason()
}

// renew takes a new token. One that is not taken changes nothing: the old one holds until it expires.
func (s *session) renew(token string) error {
	if s.talk.authenticator == nil {
		return nil
	}
	access, err := recado.Admit(s.talk.authenticator, token, s.talk.room, recado.MaySubscribe)
	saw := s.may(recado.MaySeeMembers)
	switch refusal, is := errors.AsType[*recado.Refusal](err); {
	case is:
		problem := &v1.Error{Code: refusal.Code, Message: "the token is not taken: " + cmp.Or(refusal.Facts["Reason"], refusal.Code)}
		seconds, _ := strconv.Atoi(refusal.Header["Retry-After"]) // 0 if there is none
		problem.RetryAfter = time.Duration(seconds) * time.Second
		return problem
	case err != nil:
		return err
	case access.User() != s.access().User():
		return &v1.Error{Code: recado.AuthInvalid, Message: "the token is for another subject"}
	}
	s.admitted(access, s.talk.room)
	if s.may(recado.MaySeeMembers) != saw {
		s.close(recado.CloseResync, recado.CloseResync.Reason(), "the new token has other rights")
	}
	return nil
}

// readAfter reads the room's history as far back as the session may: if not at all, from where it came in.
func (s *session) readAfter(after recado.Position, limit int) (recado.Page, error) {
	page, err := s.member.ReadAfter(context.Background(), after, limit)
	if err == nil && !s.may(recado.MayReadHistory) && page.From.Seq < s.began {
		page, err = s.member.ReadAfter(context.Background(), recado.Position{Epoch: page.From.Epoch, Seq: s.began}, limit)
	}
	return page, err
}

// A blindEncoding is recado.v1 for those who may not know who comes and goes.
type blindEncoding struct{ *encoding }

var _ hub.Encoding = blindEncoding{}

func (blindEncoding) appendEvent(dst []byte, e v1.Event) []byte { return appendEvent(dst, e) }

// talkEncoding is the encoding for a session with these rights.
func (s *session) talkEncoding() hub.Encoding {
	if s.may(recado.MaySeeMembers) {
		return s.talk.encoding
	}
	return blindEncoding{s.talk.encoding.encoding}
}

// roster is who is in the room, as far as the session may know.
func (s *session) roster() hub.Roster {
	roster := s.member.Roster()
	if !s.may(recado.MaySeeMembers) {
		roster.Members = nil
	}
	return roster
}

// forbidden is the answer to a command for which the right is missing.
func forbidden(missing recado.Rights) error {
	return &v1.Error{Code: v1.CodeRoomForbidden, Message: "the token does not give this right in the room: " + missing.String()}
}
