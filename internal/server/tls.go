package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
)

// TLS makes the first listener speak TLS. The second one, if there is any, stays without: it sends people on to
// the first, and answers those who look after the server.
type TLS struct {
	Config *tls.Config // with the certificates; versions and protocols are the server's matter

	// Names are those that the certificates are for: who asks for one of them does so by no trick. nil for none.
	Names func() []string

	// Challenge answers what an authority asks over plain HTTP before it gives a certificate, and reports whether
	// the request was that. nil for none.
	Challenge func(w http.ResponseWriter, r *http.Request) bool

	// Strict tells browsers to come back with TLS only (RFC 6797).
	Strict bool
}

// strictTransport holds for 30 days from each visit: who gives TLS up again is not unreachable for a year.
const strictTransport = "max-age=2592000"

// challengeProtocol is spoken by an authority that looks at our certificate and leaves (RFC 8737).
const challengeProtocol = "acme-tls/1"

// secure makes the listeners speak TLS if the configuration says so.
func (s *Server) secure(listeners []net.Listener) []net.Listener {
	if s.config.TLS == nil {
		return listeners
	}
	s.securePort = portOf(listeners[0])
	config := s.config.TLS.Config.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.NextProtos = []string{"http/1.1"}
	if slices.Contains(s.config.TLS.Config.NextProtos, challengeProtocol) {
		config.NextProtos = append(config.NextProtos, challengeProtocol)
	}
	secured := make([]net.Listener, len(listeners))
	for i, listener := range listeners {
		secured[i] = &tlsListener{Listener: listener, config: config, refusals: s.arrivals.refusals}
	}
	return secured
}

// A tlsListener accepts without waiting for a handshake: that is for whoever reads the connection first.
type tlsListener struct {
	net.Listener

	config   *tls.Config
	refusals *refusals
}

// Accept returns a *tlsConn.
func (l *tlsListener) Accept() (net.Conn, error) {
	socket, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	beneath := &peekedConn{Conn: socket}
	return &tlsConn{peekedConn: beneath, secured: tls.Server(beneath, l.config), refusals: l.refusals}, nil
}

// A tlsConn is a connection that speaks TLS, unless its first byte says that the client does not: an answer in plain
// HTTP is the only one that such a client understands. The handshake is part of the first Read, so that
// the time and the place of net/http's wait for a request hold for it too. A *tls.Conn, and all that looks like one,
// net/http would ask for its handshake itself.
type tlsConn struct {
	*peekedConn // without TLS

	secured  *tls.Conn
	refusals *refusals
	speaks   language // known once the first Read has begun; whoever writes, does so because of what was read
}

type language int

const (
	unknown language = iota
	encrypted
	plain
)

func (c *tlsConn) Read(p []byte) (int, error) {
	if c.speaks == unknown {
		if err := c.begin(); err != nil {
			return 0, err
		}
	}
	if c.speaks == plain {
		return c.peekedConn.Read(p)
	}
	return c.secured.Read(p)
}

func (c *tlsConn) Write(p []byte) (int, error) {
	switch c.speaks {
	case plain:
		return c.peekedConn.Write(p)
	case encrypted:
		return c.secured.Write(p)
	default:
		return 0, net.ErrClosed
	}
}

// CloseWrite says, in TLS and in TCP, that nothing more follows.
func (c *tlsConn) CloseWrite() error {
	var errs [2]error
	if c.speaks == encrypted {
		errs[0] = c.secured.CloseWrite()
	}
	if half, ok := c.NetConn().(interface{ CloseWrite() error }); ok {
		errs[1] = half.CloseWrite()
	}
	return errors.Join(errs[:]...)
}

// Close says goodbye in TLS, which can wait for a client that does not read. To close what NetConn returns does not.
func (c *tlsConn) Close() error { return c.secured.Close() }

// NetConn returns the socket.
func (c *tlsConn) NetConn() net.Conn { return c.Conn }

// begin finds out what the client speaks, and makes the handshake.
func (c *tlsConn) begin() error {
	first, err := c.peek()
	if err != nil {
		return err
	}
	if first >= 'A' && first <= 'Z' { // of a method; TLS begins with 22 (RFC 8446, section 5.1)
		c.speaks = plain
		return nil
	}
	c.speaks = encrypted
	// Without a context: the deadline is on the socket.
	if err = c.secured.HandshakeContext(context.Background()); err != nil {
		c.refusals.log("TLS handshake failed", "address", c.RemoteAddr().String(), "error", err)
		return err
	}
	if c.secured.ConnectionState().NegotiatedProtocol == challengeProtocol {
		return io.EOF // it has seen what it wanted
	}
	return nil
}

// A peekedConn gives the byte that was peeked back to the first Read.
type peekedConn struct {
	net.Conn

	first  [1]byte
	peeked bool
}

func (c *peekedConn) Read(p []byte) (int, error) {
	if c.peeked && len(p) > 0 {
		c.peeked = false
		return copy(p, c.first[:]), nil
	}
	return c.Conn.Read(p)
}

func (c *peekedConn) peek() (byte, error) {
	if _, err := c.Conn.Read(c.first[:]); err != nil {
		return 0, err
	}
	c.peeked = true
	return c.first[0], nil
}

type tlsKey struct{}

// connContext is arrivals.connContext for connections that may speak TLS.
func (s *Server) connContext(ctx context.Context, conn net.Conn) context.Context {
	if secured, is := conn.(*tlsConn); is {
		ctx = context.WithValue(ctx, tlsKey{}, secured)
	}
	return s.arrivals.connContext(ctx, conn)
}

// isEncrypted reports whether the request came over TLS, of this server or of somebody else's around its Handler.
func isEncrypted(r *http.Request) bool {
	conn, ours := r.Context().Value(tlsKey{}).(*tlsConn)
	return ours && conn.speaks == encrypted || r.TLS != nil
}

// cut ends a connection without another word.
func cut(conn net.Conn) {
	if secured, is := conn.(*tlsConn); is {
		conn = secured.NetConn()
	}
	_ = conn.Close() // its end is all that is wanted
}
