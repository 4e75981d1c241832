package server

import (
	"net/http"
	"net/url"
	"strings"

	"recado"
	"recado/internal/transport"
)

// tokenOf is what the request says who it is from: in a header, as a subprotocol, because a page can set no header of
// a handshake, or in the query.
func tokenOf(r *http.Request, query url.Values) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); strings.EqualFold(scheme, "Bearer") && token != "" {
		return token
	}
	if token := transport.BearerToken(r); token != "" {
		return token
	}
	return query.Get("token")
}

// identify returns what the request's token allows.
func (s *Server) identify(r *http.Request) (*recado.Access, error) {
	return recado.Identify(s.cautiously(s.config.Authenticator, r), tokenOf(r, r.URL.Query()))
}

// allowed is readingRoom for those who have the right in the room.
func (s *Server) allowed(needed recado.Rights, e func(w http.ResponseWriter, r *http.Request, room string) error) http.Handler {
	return s.readingRoom(func(w http.ResponseWriter, r *http.Request, room string) error {
		access, err := s.identify(r)
		if err == nil {
			err = access.Check(room, needed)
		}
		if err != nil {
			return err
		}
		return e(w, r, room)
	})
}

// identified is an endpoint for those who have a token, whatever it allows.
func (s *Server) identified(e endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, err := s.identify(r); err != nil {
			return err
		}
		return e(w, r)
	}
}
