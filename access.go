package recado

import (
	"strings"
	"time"
)

// Rights are what somebody may do in a room.
type Rights uint8

// The rights.
const (
	MaySubscribe   Rights = 1 << iota // join, and hear what is said from then on
	MayPublish                        // say something
	MaySeeMembers                     // know who is there, not only how many
	MayReadHistory                    // read what was said before

	AllRights = MaySubscribe | MayPublish | MaySeeMembers | MayReadHistory
)

// rightNames are in the order of the bits.
//
//nolint:gochecknoglobals // a constant
var rightNames = [...]string{"subscribe", "publish", "presence", "history"}

// ParseRight reads the name of one right, as tokens have it.
func ParseRight(name string) (r Rights, ok bool) {
	for i, known := range rightNames {
		if name == known {
			return 1 << i, true
		}
	}
	return 0, false
}

// String returns the names, separated by commas.
func (r Rights) String() string {
	var names []string
	for i, name := range rightNames {
		if r&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// Has reports whether all of these rights are among r.
func (r Rights) Has(needed Rights) bool { return r&needed == needed }

// An Access is what a token allows. It is not changed once it is made. The nil Access allows everything, for ever.
type Access struct {
	Subject string            // whom the token is for; "" if it does not say
	Name    string            // what its members are called; "" for what they call themselves
	Expires time.Time         // zero: never
	Rooms   map[string]Rights // by pattern, as RoomPolicy has it; nil: everything in every room

	Anonymous bool       // there is no token
	Rules     []RoomRule // of the server; the first that matches a room changes what is allowed there
}

// Rights are those of all patterns that match the room's name, changed by the room's rule.
func (a *Access) Rights(room string) (r Rights) {
	if a == nil {
		return AllRights
	}
	if a.Rooms == nil && !a.Anonymous {
		r = AllRights
	}
	for pattern, rights := range a.Rooms {
		if matches(pattern, room) {
			r |= rights
		}
	}
	if rule := FirstRule(a.Rules, room); rule != nil {
		r = rule.rights(a.Subject, r)
	}
	return r
}

// User is the subject, "" if there is none.
func (a *Access) User() string {
	if a == nil {
		return ""
	}
	return a.Subject
}

// CalledName is what a member is called who calls itself so.
func (a *Access) CalledName(own string) string {
	if a != nil && a.Name != "" {
		return a.Name
	}
	return own
}

// MemberID is that of a session that a holder of the token has brought. Another subject with the same session is
// another member.
func (a *Access) MemberID(session string) MemberID {
	if a.User() != "" {
		session += "\x00" + a.Subject // no session has this byte
	}
	return NewMemberID([]byte(session))
}

// An Authenticator knows what a token allows. Its methods may be called concurrently.
type Authenticator interface {
	// Authenticate returns what the token allows; "" is none. The error is a *Refusal if the token is not taken.
	Authenticate(token string) (*Access, error)
}

// Identify is a.Authenticate. The nil Authenticator lets everybody in.
func Identify(a Authenticator, token string) (*Access, error) {
	if a == nil {
		return nil, nil //nolint:nilnil // the nil Access allows everything
	}
	return a.Authenticate(token)
}

// Admit returns the *Refusal if the rights in the room are not among those of the token; see Identify.
func Admit(a Authenticator, token, room string, needed Rights) (*Access, error) {
	access, err := Identify(a, token)
	if err != nil {
		return nil, err
	}
	return access, access.Check(room, needed)
}

// Check returns the *Refusal if one of the rights in the room is missing.
func (a *Access) Check(room string, needed Rights) error {
	missing := needed &^ a.Rights(room)
	switch {
	case missing == 0:
		return nil
	case a.Anonymous:
		return RequireToken()
	}
	return &Refusal{
		Code: RoomForbidden, Status: statusForbidden,
		Facts: map[string]string{"Room": room, "Right": missing.String()},
	}
}

// The codes of the refusals above, and of those that an Authenticator makes; AuthLimited is that of one which was asked
// too often.
const (
	AuthRequired  = "auth_required"
	AuthInvalid   = "auth_invalid"
	AuthExpired   = "auth_expired"
	RoomForbidden = "room_forbidden"
	AuthLimited   = "auth_rate_limited"
)

// Of HTTP, whose package the vocabulary does without.
const (
	statusUnauthorized = 401
	statusForbidden    = 403
)

// RequireToken is the refusal of who has no token, where one is needed.
func RequireToken() *Refusal {
	return &Refusal{Code: AuthRequired, Status: statusUnauthorized, Header: challenge("")}
}

// RefuseToken is the refusal of a token: AuthInvalid or AuthExpired, and why. It must not quote the token.
func RefuseToken(code, why string) *Refusal {
	return &Refusal{
		Code: code, Status: statusUnauthorized,
		Facts: map[string]string{"Reason": why}, Header: challenge(`, error="invalid_token"`),
	}
}

// challenge is what a 401 must have (RFC 6750, section 3).
func challenge(what string) map[string]string {
	return map[string]string{"WWW-Authenticate": `Bearer realm="recado"` + what}
}
