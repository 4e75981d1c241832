package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"recado"
	"recado/internal/auth"
)

const (
	spareFiles  = 64 // descriptors that connections leave to everything else
	spareToTell = 32 // of these, for connections above the limit that are told so before they end
	quiet       = 10 * time.Second
)

// arrivals watches the connections that are not WebSocket connections (yet): how many there are, and
// whether a request came from them.
type arrivals struct {
	limits    func() *recado.Limits
	addresses *addresses
	sockets   func() int            // open WebSocket connections, which count too
	trusts    func(netip.Addr) bool // a proxy, whose clients are counted in its stead
	observer  Observer              // nil for none
	refusals  *refusals
	log       *slog.Logger

	mu     sync.Mutex // guards what follows
	open   map[net.Conn]*arrival
	warned time.Time
}

// An arrival is one such connection. Its fields are guarded by arrivals.mu.
type arrival struct {
	since  time.Time // the first request may come; zero for the later ones
	spoke  bool      // bytes of a request have come
	served bool      // that request reached the handler
	excess error     // why it is one too many; nil: it is not
	left   func()    // its address has one less; nil: it was not counted

	publishes rates // the connection's own goroutine uses it
}

type arrivalKey struct{}

// admit checks what net/http leaves unchecked of the request's head and connection.
func (a *arrivals) admit(r *http.Request) error {
	if err := a.serve(r); err != nil {
		return err
	}
	lines := 1 // Host is not in the map
	for _, values := range r.Header {
		lines += len(values)
	}
	if lines > a.limits().HeaderCount {
		return &recado.Refusal{
			Code: "too_many_headers", Status: http.StatusRequestHeaderFieldsTooLarge,
			Facts:  map[string]string{"Count": strconv.Itoa(lines), "Limit": strconv.Itoa(a.limits().HeaderCount)},
			Header: map[string]string{"Connection": "close"},
		}
	}
	return nil
}

// serve notes that the request reached the handler, and returns why its connection is one too many.
func (a *arrivals) serve(r *http.Request) (excess error) {
	arrival, known := r.Context().Value(arrivalKey{}).(*arrival)
	if !known {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	arrival.served = true
	return arrival.excess
}

// tooFast reports how long the connection of the request is to wait with its next publish in a room that has these
// limits; 0 if it need not. Behind a proxy, whose connections many share, it is the client's address that waits.
func (a *arrivals) tooFast(r *http.Request, l *recado.Limits) time.Duration {
	arrival, known := r.Context().Value(arrivalKey{}).(*arrival)
	switch {
	case !known || l.MessageRate == recado.Off || auth.Loopback(r):
		return 0
	case arrival.left != nil:
		return arrival.publishes.wait(l, time.Now())
	}
	return a.addresses.tooFast(auth.Address(r.RemoteAddr), l)
}

// session lets begin make a session of the request, whose client's address has one connection more until left is
// called. Behind a proxy the connection is the proxy's, so that the session is what counts.
func (a *arrivals) session(r *http.Request, begin func(left func()) error) error {
	arrival, known := r.Context().Value(arrivalKey{}).(*arrival)
	if known && arrival.left != nil {
		return begin(arrival.left)
	}
	if auth.Loopback(r) {
		return begin(nil)
	}
	from := auth.Address(r.RemoteAddr)
	if excess := a.addresses.enter(from); excess != nil {
		return excess
	}
	left := sync.OnceFunc(func() { a.addresses.leave(from) })
	begun := false
	defer func() {
		if !begun {
			left()
		}
	}()
	err := begin(left)
	begun = err == nil
	return err
}

// full reports whether not even an answer can be spared for another connection.
func (a *arrivals) full(conn net.Conn) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	from := a.counted(conn)
	full := len(a.open)+a.sockets() >= a.limits().Connections+spareToTell
	if !full && !a.addresses.crowded(from) {
		return false
	}
	if a.observer != nil {
		a.observer.Dropped()
	}
	if now := time.Now(); now.Sub(a.warned) > quiet {
		a.warned = now
		a.log.Warn("connections dropped without an answer", "limit", a.limits().Connections, "all", full, "address", from)
	}
	return true
}

// counted is the address for which the connection counts from its beginning on; the zero Addr for none: what comes
// from this machine, or from a proxy, shows only by its requests for whom it is.
func (a *arrivals) counted(conn net.Conn) netip.Addr {
	from := auth.Address(conn.RemoteAddr().String())
	if from.IsLoopback() || a.trusts(from) {
		return netip.Addr{}
	}
	return from
}

// enter counts a connection. a.mu is held.
func (a *arrivals) enter(conn net.Conn) *arrival {
	arrival := &arrival{since: time.Now()}
	if len(a.open)+a.sockets() >= a.limits().Connections {
		arrival.excess = &recado.Refusal{
			Code: "too_many_connections", Status: http.StatusServiceUnavailable,
			Facts:  map[string]string{"Limit": strconv.Itoa(a.limits().Connections)},
			Header: map[string]string{"Retry-After": "5", "Connection": "close"},
		}
		return arrival
	}
	from := a.counted(conn)
	if !from.IsValid() {
		return arrival
	}
	arrival.left = func() { a.addresses.leave(from) }
	if excess := a.addresses.enter(from); excess != nil {
		excess.Header["Connection"] = "close"
		a.addresses.tell(from, 1)
		arrival.excess, arrival.left = excess, func() { a.addresses.tell(from, -1) }
	}
	return arrival
}

// connContext is net/http's first word about a connection.
func (a *arrivals) connContext(ctx context.Context, conn net.Conn) context.Context {
	a.mu.Lock()
	defer a.mu.Unlock()
	arrival := a.enter(conn)
	a.open[conn] = arrival
	return context.WithValue(ctx, arrivalKey{}, arrival)
}

// stateChanged is called by net/http. A WebSocket connection is forgotten here once it is one.
func (a *arrivals) stateChanged(conn net.Conn, state http.ConnState) {
	a.mu.Lock()
	defer a.mu.Unlock()
	arrival, known := a.open[conn]
	if !known {
		return
	}
	switch state {
	case http.StateNew:
	case http.StateActive:
		arrival.spoke = true
	case http.StateIdle:
		arrival.spoke, arrival.served, arrival.since = false, false, time.Time{}
	case http.StateHijacked:
		delete(a.open, conn)
	case http.StateClosed:
		delete(a.open, conn)
		if arrival.left != nil {
			arrival.left()
		}
		a.ended(conn, arrival)
	}
}

// ended logs a request that never became one: net/http answers, or does not, and tells nobody.
func (a *arrivals) ended(conn net.Conn, arrival *arrival) {
	if !arrival.spoke || arrival.served {
		return
	}
	reason := "incomplete, malformed or too large"
	if !arrival.since.IsZero() && time.Since(arrival.since) >= a.limits().HeaderTimeout {
		reason = "not complete in time"
	}
	if a.observer != nil {
		a.observer.Refused("request_head")
	}
	a.refusals.log("request head refused", "address", conn.RemoteAddr().String(), "reason", reason)
}

// closeWaiting ends the connections that nothing is being answered on, which net/http would wait for.
func (a *arrivals) closeWaiting() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for conn, arrival := range a.open {
		if !arrival.served {
			cut(conn)
		}
	}
}

// An acceptor is a listener that drops connections when there are too many to answer.
type acceptor struct {
	net.Listener

	arrivals *arrivals
}

// Accept returns the next connection as the listener made it, so that its socket can be reached.
func (a *acceptor) Accept() (net.Conn, error) {
	for {
		conn, err := a.Listener.Accept()
		if err != nil || !a.arrivals.full(conn) {
			return conn, err
		}
		cut(conn)
	}
}
