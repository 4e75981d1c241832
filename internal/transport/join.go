package transport

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"recado"
	"recado/internal/hub"
)

// A Join is what the request's address asks for. Name, Session, Echo and what is replayed are for raw connections: a
// client of recado.v1 says the same in its hello.
type Join struct {
	Room     string // a valid name
	Loopback bool   // on this machine: the message rate does not apply
	Request  string // a proxy's id of the request, for the log; "" for none
	Name     string // clean; "" for one that the server makes
	Session  string // the secret of a session; "" for none
	Left     func() // called once the connection has ended, if Serve or Stream has taken it over; nil for nothing
	Token    string // what says who the client is; "" for none. recado.v1 takes it from here too
	// Authenticator knows what tokens allow; nil: everybody may do everything.
	Authenticator recado.Authenticator
	Echo          bool // the client's own messages come back too
	Replay        bool // first what was said After, and not before Since
	After         recado.Position
	Since         time.Time
}

// joinRaw makes a session a member that says no hello.
func (s *session) joinRaw(ctx context.Context, j Join, access *recado.Access, e hub.Encoding) error {
	s.returns = j.Session != ""
	s.member = hub.Member{
		ID: memberID(access, j.Session), Name: access.CalledName(j.Name), User: access.User(), Echo: j.Echo,
		Local: s.local, Encoding: e, Conn: s,
	}
	err := s.transport.join(ctx, j.Room, &s.member)
	switch {
	case errors.Is(err, recado.ErrRooms):
		return &recado.Refusal{
			Code: "too_many_rooms", Status: http.StatusServiceUnavailable, Header: retryAfter(60),
			Facts: map[string]string{"Limit": strconv.Itoa(s.limits.Rooms)},
		}
	case err != nil:
		return err
	case e != nil && !j.Replay:
		s.member.Attach()
	}
	s.began = s.member.Position().Seq
	return nil
}

// memberID is that of the session with this secret; without one it is of a session of its own.
func memberID(access *recado.Access, secret string) recado.MemberID {
	return access.MemberID(cmp.Or(secret, newSecret()))
}

// join makes m a member of the room, and closes the connection whose session it brings.
func (t *Transport) join(ctx context.Context, room string, m *hub.Member) error {
	replaced, err := t.hub.Join(ctx, room, m)
	if replaced != nil {
		code := recado.CloseReplaced
		other := replaced.Conn.(*session)
		other.guard(func() { other.close(code, code.Reason(), "another connection has brought its session") })
	}
	return err
}

func retryAfter(seconds int) map[string]string {
	return map[string]string{"Retry-After": strconv.Itoa(seconds)}
}
