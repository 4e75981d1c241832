package server

import (
	"errors"
	"net/http"
	"net/netip"

	"recado"
	"recado/internal/auth"
)

// A cautious authenticator stops asking when it was given too much that is wrong from one address. Who has the right
// token then has to wait too: otherwise the answer would tell.
type cautious struct {
	asked     recado.Authenticator
	addresses *addresses
	from      netip.Addr
}

// Authenticate is that of the authenticator that is asked.
func (c cautious) Authenticate(token string) (*recado.Access, error) {
	if token == "" { // no guess: it may not need one
		return c.asked.Authenticate(token)
	}
	if err := c.addresses.mayTry(c.from); err != nil {
		return nil, err
	}
	access, err := c.asked.Authenticate(token)
	if refusal, is := errors.AsType[*recado.Refusal](err); is && refusal.Code == recado.AuthInvalid {
		c.addresses.failed(c.from) // an expired one is no guess
	}
	return access, err
}

// cautiously is the authenticator for what this request's client brings; nil stays nil: everybody may come in.
func (s *Server) cautiously(a recado.Authenticator, r *http.Request) recado.Authenticator {
	if a == nil {
		return nil
	}
	return cautious{a, s.arrivals.addresses, auth.Address(r.RemoteAddr)}
}
