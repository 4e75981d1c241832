package server

import (
	"net/http"

	"recado"
	"recado/internal/auth"
	"recado/internal/hub"
	"recado/internal/transport"
)

// An Observer is told what happens in the server, for statistics. What is published over HTTP has the protocol "http".
type Observer interface {
	hub.Observer
	transport.Observer
	// Refused tells the code of a request or handshake that was answered with an error.
	Refused(code string)
	// Dropped tells of a connection that was closed at once, without an answer.
	Dropped()
}

// metrics answers programs on this machine, and who has a token for it: the numbers tell strangers how to hurt.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) error {
	tokens := s.rules.Load().monitors
	switch {
	case s.config.Metrics == nil:
		return notFound()
	case auth.Loopback(r):
	case tokens != nil:
		if _, err := recado.Identify(s.cautiously(tokens, r), tokenOf(r, r.URL.Query())); err != nil {
			return err
		}
	default:
		return &recado.Refusal{Code: "loopback_only", Status: http.StatusForbidden, Facts: map[string]string{"Path": r.URL.Path}}
	}
	s.config.Metrics.ServeHTTP(w, r)
	return nil
}

// published tells the observer of a message that came over HTTP.
func (s *Server) published(size int, duplicate bool) {
	if s.config.Observer != nil {
		s.config.Observer.Published("http", size, duplicate)
	}
}

// refused tells the observer of an answer that is an error.
func (s *Server) refused(code string) {
	if s.config.Observer != nil {
		s.config.Observer.Refused(code)
	}
}
