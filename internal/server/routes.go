package server

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"

	"recado"
)

// An endpoint answers a request, or returns why it was not served, having written nothing.
type endpoint func(w http.ResponseWriter, r *http.Request) error

// newRoutes has every route. What arrives here has passed admit.
func (s *Server) newRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/{$}", s.answering(s.room))
	mux.Handle("/{room}", s.answering(s.room))
	mux.Handle("/favicon.ico", s.answering(s.asset))
	mux.Handle("/robots.txt", s.answering(s.asset))
	mux.Handle("/assets/{name...}", s.answering(s.asset))
	mux.Handle("/healthz", s.reading(well))
	mux.Handle("/readyz", s.reading(well)) // admit has seen to it that the server takes clients
	mux.Handle("/metrics", s.reading(s.metrics))
	mux.Handle("/v1/info", s.reading(s.identified(s.info)))
	mux.Handle("/v1/check", s.reading(s.check))
	mux.Handle("/v1/rooms", s.reading(s.rooms))
	mux.Handle("/v1/rooms/{room}", s.allowed(recado.MaySubscribe, s.roomInfo))
	mux.Handle("/v1/rooms/{room}/messages", s.allowed(recado.MayReadHistory, s.messages))
	mux.Handle("/v1/rooms/{room}/members", s.allowed(recado.MaySubscribe, s.members))
	mux.Handle("/", s.answering(func(http.ResponseWriter, *http.Request) error { return notFound() }))
	return mux
}

// answering makes an endpoint a handler: what it returns is written here, and nowhere else.
func (s *Server) answering(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := e(w, r); err != nil {
			s.refuse(w, r, err)
		}
	})
}

// reading is answering for what can only be read.
func (s *Server) reading(e endpoint) http.Handler {
	return s.answering(func(w http.ResponseWriter, r *http.Request) error {
		if !readOnly(r) {
			return methodNotAllowed(r, "GET, HEAD")
		}
		return e(w, r)
	})
}

// readingRoom is reading for what belongs to a room.
func (s *Server) readingRoom(e func(w http.ResponseWriter, r *http.Request, room string) error) http.Handler {
	return s.reading(func(w http.ResponseWriter, r *http.Request) error {
		room, err := roomOf("/" + url.PathEscape(r.PathValue("room")))
		if err != nil {
			return err
		}
		return e(w, r, room)
	})
}

func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	r = s.rules.Load().gate.Client(r)
	defer s.survive(r)
	if err := s.admit(r); err != nil {
		s.refuse(w, r, err)
		return
	}
	if t := s.config.TLS; t != nil && !isEncrypted(r) {
		s.answering(s.unencrypted).ServeHTTP(w, r)
		return
	} else if t != nil && t.Strict {
		w.Header().Set("Strict-Transport-Security", strictTransport)
	}
	allowOrigin(w, r)
	if !preflight(w, r) {
		s.routes.ServeHTTP(w, r)
	}
}

// admit decides what does not depend on the route.
func (s *Server) admit(r *http.Request) error {
	if err := s.arrivals.admit(r); err != nil {
		return err
	}
	if s.draining.Load() && r.URL.Path != "/healthz" {
		return &recado.Refusal{
			Code: "server_draining", Status: http.StatusServiceUnavailable,
			Header: map[string]string{"Retry-After": "1", "Connection": "close"},
		}
	}
	if err := s.rules.Load().gate.Check(r, strictHost(r)); err != nil {
		return err
	}
	return checkPath(r.URL.EscapedPath())
}

// room is everything that the one address of a room does.
func (s *Server) room(w http.ResponseWriter, r *http.Request) error {
	name, err := roomOf(r.URL.EscapedPath())
	switch {
	case err != nil:
		return err
	case wantsWebSocket(r):
		return s.join(w, r, name)
	case r.Method == http.MethodPost || r.Method == http.MethodPut:
		return s.publish(w, r, name)
	case !readOnly(r):
		return methodNotAllowed(r, "GET, HEAD, POST, PUT")
	case accepts(r, "text/html"):
		s.site.Page(w, r)
		return nil
	}
	return s.stream(w, r, name)
}

// well answers those who look after the server.
func well(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, struct {
		Status string `json:"status"`
	}{"ok"})
}

// upgradeHeader is what a 426 must carry (RFC 9110, section 15.5.22).
func upgradeHeader() map[string]string {
	return map[string]string{"Upgrade": "websocket", "Connection": "Upgrade"}
}

func (s *Server) join(w http.ResponseWriter, r *http.Request, room string) error {
	asked, err := s.joinOf(r, room)
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet && len(r.Header.Values("Upgrade")) == 0 {
		return &recado.Refusal{Code: "proxy_no_upgrade", Status: http.StatusUpgradeRequired, Header: upgradeHeader()}
	}
	return s.arrivals.session(r, func(left func()) error {
		asked.Left = left
		return s.sockets.Serve(w, r, asked)
	})
}

func (s *Server) asset(w http.ResponseWriter, r *http.Request) error {
	if !readOnly(r) {
		return methodNotAllowed(r, "GET, HEAD")
	}
	s.site.Assets().ServeHTTP(w, r)
	return nil
}

// listenerContext remembers which name rule holds on this listener: a server that is bound to loopback or
// opened to the local network is meant for those who are there, whatever names DNS gives its address.
func (s *Server) listenerContext(l net.Listener) context.Context {
	address, ok := l.Addr().(*net.TCPAddr)
	strict := s.config.LAN || !ok || address.IP.IsLoopback()
	return context.WithValue(context.Background(), strictKey{}, strict)
}

type strictKey struct{}

// strictHost is true where no listener said otherwise.
func strictHost(r *http.Request) bool {
	strict, known := r.Context().Value(strictKey{}).(bool)
	return strict || !known
}

func readOnly(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// wantsWebSocket is true for broken handshakes too: whoever sends one should hear what is wrong with it. A
// proxy that does not know WebSocket drops the header Upgrade, yet passes those with Sec-WebSocket on.
func wantsWebSocket(r *http.Request) bool {
	for _, value := range r.Header.Values("Upgrade") {
		for protocol := range strings.SplitSeq(value, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(protocol), "/")
			if strings.EqualFold(name, "websocket") {
				return true
			}
		}
	}
	return r.Header.Get("Sec-WebSocket-Key") != "" || r.Header.Get("Sec-WebSocket-Version") != ""
}

// accepts reports whether the Accept header names this media type; "*/*" does not name it.
func accepts(r *http.Request, mediaType string) bool {
	for _, value := range r.Header.Values("Accept") {
		for choice := range strings.SplitSeq(value, ",") {
			name, parameters, _ := strings.Cut(choice, ";")
			if strings.EqualFold(strings.TrimSpace(name), mediaType) && !zeroWeight(parameters) {
				return true
			}
		}
	}
	return false
}

func zeroWeight(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		if q, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q="); found {
			return strings.Trim(q, "0.") == "" // 0, 0.0, 0.000 (RFC 9110, section 12.4.2)
		}
	}
	return false
}

func methodNotAllowed(r *http.Request, allowed string) error {
	return &recado.Refusal{
		Code: "method_not_allowed", Status: http.StatusMethodNotAllowed,
		Facts:  map[string]string{"Method": r.Method},
		Header: map[string]string{"Allow": allowed},
	}
}
