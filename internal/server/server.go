// Package server puts the relay together: listeners, routes, limits, the answers to what is refused, and
// the orderly end. It knows nothing of frames, nor of how messages find their way.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"recado"
	"recado/internal/auth"
	"recado/internal/hub"
	"recado/internal/locale"
	"recado/internal/transport"
	"recado/web"
)

const (
	idleTimeout  = time.Minute      // of a connection kept open between two requests
	writeTimeout = 30 * time.Second // for an answer; a WebSocket connection is not bound by it
	readTimeout  = 30 * time.Second // for a request with its body, which nothing here waits for
	headSlop     = 4096             // what net/http reads beyond MaxHeaderBytes
)

// Config says what to serve and where. Addresses are "host:port"; the host localhost means both of the
// machine's loopback addresses.
type Config struct {
	Broker       recado.Broker // stays the caller's, to be closed after Stop
	Listen       string
	Web          string  // a second address for the same things; "" for none
	WebOptional  bool    // do without Web if its port is taken
	LAN          bool    // localhost means every interface; see Listen
	Sockets      Sockets // if there are any, Listen and Web are not opened
	AllowOrigins []string
	AllowHosts   []string
	// TrustedProxies are the addresses, or networks like 10.0.0.0/8, of proxies that say for whom they ask.
	TrustedProxies []string
	Limits         recado.Limits
	Compress       bool
	Page           string       // the folder of the page, read at each request; "" is the embedded one
	Version        string       // of the program, for /v1/info
	Observer       Observer     // nil for none
	Metrics        http.Handler // answers /metrics, to programs on this machine; nil for nothing there
	// MetricsAuthenticator takes the tokens with which others may read them, too; nil for none.
	MetricsAuthenticator recado.Authenticator
	Log                  *slog.Logger

	Authenticator recado.Authenticator // default: everybody may do everything
	TLS           *TLS                 // nil: plain HTTP everywhere

	Link func(address string) string // the page's URL for other devices, at one of this machine's addresses; default http://
}

// A Server relays messages between those who connect to it. Listen, Serve, Stop is the order of its life.
type Server struct {
	config   Config // as the server was started with it
	rules    atomic.Pointer[rules]
	hub      *hub.Hub
	site     *web.Site
	sockets  *transport.Transport
	routes   http.Handler
	http     *http.Server
	texts    map[locale.Language]*locale.Texts
	arrivals *arrivals
	draining atomic.Bool

	listeners  []net.Listener // from Listen to Serve
	page       string         // host:port, from Listen on
	securePort string         // at which TLS is spoken, if it is
}

// rules are what Reload exchanges.
type rules struct {
	limits   recado.Limits
	gate     *auth.Gate
	monitors recado.Authenticator // Config.MetricsAuthenticator
}

// New checks the configuration and reads what is embedded. An error that concerns the person who started
// the program is a *StartError.
func New(c Config) (*Server, error) {
	rules, err := newRules(c)
	if err != nil {
		return nil, err
	}
	site, err := web.New(c.Page)
	if err != nil {
		return nil, err
	}
	h := hub.New(c.Broker, rules.limits)
	h.LogTo(c.Log)
	if c.Observer != nil {
		h.Observe(c.Observer)
	}
	s := &Server{
		config: c,
		hub:    h,
		site:   site,
		sockets: transport.New(h, transport.Config{
			Limits: rules.limits, Compress: c.Compress, Log: c.Log, Observer: c.Observer,
		}),
		texts: map[locale.Language]*locale.Texts{
			locale.English: locale.New(locale.English), locale.Portuguese: locale.New(locale.Portuguese),
		},
	}
	s.rules.Store(rules)
	s.arrivals = &arrivals{
		limits: s.limits, addresses: newAddresses(s.limits), sockets: s.sockets.Open, observer: c.Observer,
		trusts:   func(from netip.Addr) bool { return s.rules.Load().gate.Trusts(from) },
		refusals: newRefusals(c.Log), log: c.Log, open: map[net.Conn]*arrival{},
	}
	s.routes = s.newRoutes()
	s.http = s.newHTTP()
	return s, nil
}

func newRules(c Config) (*rules, error) {
	limits, err := withConnections(c.Limits.WithDefaults())
	if err != nil {
		return nil, err
	}
	config := auth.Config{AllowOrigins: c.AllowOrigins, AllowHosts: c.AllowHosts, TrustedProxies: c.TrustedProxies}
	if c.TLS != nil {
		config.Names = c.TLS.Names
	}
	gate, err := auth.New(config)
	return &rules{limits, gate, c.MetricsAuthenticator}, err
}

// Reload goes on with the AllowOrigins, AllowHosts, TrustedProxies, MetricsAuthenticator and Limits of c, for the requests
// and connections to come.
// Limits.HeaderTimeout, HeaderBytes, PingInterval and PingTimeout stay as they were, and so does all else; after an
// error, everything does.
func (s *Server) Reload(c Config) error {
	c.TLS = s.config.TLS
	rules, err := newRules(c)
	if err != nil {
		return err
	}
	s.rules.Store(rules)
	s.hub.SetLimits(rules.limits)
	s.sockets.SetLimits(rules.limits)
	return nil
}

// Handler answers requests as the listeners do, for a server of somebody else's.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serveHTTP) }

// Clients is the number of WebSocket connections.
func (s *Server) Clients() int { return s.sockets.Len() }

// Serve answers on all listeners until Stop, or until one of them fails. Call it once, after Listen.
func (s *Server) Serve() error {
	failures := make(chan error, len(s.listeners))
	for _, listener := range s.listeners {
		go func() { failures <- s.http.Serve(&acceptor{Listener: listener, arrivals: s.arrivals}) }()
	}
	var failure error
	for range s.listeners {
		if err := <-failures; !errors.Is(err, http.ErrServerClosed) && failure == nil {
			failure = err
			_ = s.http.Close() // so that the other listeners end; the failure is what matters
		}
	}
	return failure
}

// Stop ends the listeners, tells every client the code and waits for the connections to end. What is still
// open when ctx ends is cut, and the error is that of ctx.
func (s *Server) Stop(ctx context.Context, code recado.CloseCode) error {
	s.draining.Store(true)
	s.arrivals.closeWaiting()
	var errs [2]error
	var ending sync.WaitGroup
	ending.Go(func() { errs[0] = s.sockets.Close(ctx, code) })
	ending.Go(func() {
		if errs[1] = s.http.Shutdown(ctx); errs[1] != nil {
			_ = s.http.Close() // the reason is in errs
		}
	})
	ending.Wait()
	closeAll(s.listeners) // those that Serve was never called for
	return errors.Join(errs[:]...)
}

// limits are those of now.
func (s *Server) limits() *recado.Limits { return &s.rules.Load().limits }

func (s *Server) newHTTP() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // alone: WebSocket needs it, and HTTP/2 would bring its own floods
	return &http.Server{
		Handler:                      s.Handler(),
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            s.limits().HeaderTimeout,
		ReadTimeout:                  max(readTimeout, s.limits().HeaderTimeout),
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               max(s.limits().HeaderBytes-headSlop, 1),
		Protocols:                    protocols,
		ErrorLog:                     slog.NewLogLogger(s.config.Log.Handler(), slog.LevelWarn),
		BaseContext:                  s.listenerContext,
		ConnContext:                  s.connContext,
		ConnState:                    s.arrivals.stateChanged,
	}
}

// withConnections fills in how many connections there can be.
func withConnections(l recado.Limits) (recado.Limits, error) {
	files := raiseFileLimit()
	room := max(files-spareFiles, 1)
	switch {
	case l.Connections == recado.Off:
		l.Connections = room
	case l.Connections > room:
		return l, newStartError("fd_limit", nil, "Files", files, "Connections", l.Connections, "Needed", l.Connections+spareFiles)
	}
	return l, nil
}
