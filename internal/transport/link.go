package transport

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// errLater is what a receiver that does not wait returns when nothing has come: the session is run again when
// something has.
var errLater = errors.New("nothing to read for now")

// A link is a session's way to its client: a socket that the poller watches, or any connection with goroutines that
// wait for it.
type link interface {
	// start has the session run until it is over, and calls over then.
	start(over func())
	// write passes on as much of p as is taken at once; out.mu is held.
	write(w *directWriter, p []byte) (n int, err error)
	// writeWithin passes p on within that time. Only the backlog's goroutine calls it; n may be less than p with a
	// slow client that reads, and then the error is nil.
	writeWithin(d time.Duration, p []byte) (n int, err error)
	// interrupt lets the receiver return os.ErrDeadlineExceeded at once, and allow after that time.
	interrupt()
	allow(d time.Duration) error
	// closeWrite says that nothing follows; out.mu is held. It reports whether the link knows such a thing.
	closeWrite() bool
	// settle waits, if the link may wait, until the session's backlog is written, or cannot be.
	settle()
	// cut breaks the connection; the session ends of it.
	cut()
	// close frees the connection. With reset, what has not been sent yet never will be. Only the goroutine that runs the
	// session calls it, once.
	close(reset bool)
}

// newLink chooses how conn is used, which is the link's from then on.
func (s *session) newLink(conn net.Conn) link {
	raw := plainSocket(conn)
	if raw != nil && !s.transport.portable {
		if l := s.transport.poller.adopt(conn, raw, s); l != nil {
			return l
		}
	}
	l := &waitingLink{session: s, conn: conn, raw: raw}
	if raw == nil {
		_ = plainSocket(l.socket()) // prepared so that the kernel keeps no megabytes of TLS either
	}
	return l
}

// plainSocket returns conn's socket if it can be written to directly, else nil.
func plainSocket(conn net.Conn) syscall.RawConn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil || !prepareDirect(raw) {
		return nil
	}
	return raw
}

// A waitingLink is a connection with a goroutine that waits for what comes.
type waitingLink struct {
	session *session
	conn    net.Conn
	raw     syscall.RawConn // nil: no plain socket, so no direct writes
}

var _ link = (*waitingLink)(nil)

// start takes a goroutine of its own: the one that served the handshake has a grown stack.
func (l *waitingLink) start(over func()) {
	go func() {
		defer over()
		l.session.run(newReceiver(l.conn, l.raw))
	}()
}

func (l *waitingLink) write(w *directWriter, p []byte) (n int, err error) {
	if l.raw == nil {
		return 0, nil
	}
	return w.write(l.raw, p)
}

func (l *waitingLink) writeWithin(d time.Duration, p []byte) (n int, err error) {
	_ = l.conn.SetWriteDeadline(time.Now().Add(d))
	n, err = l.conn.Write(p)
	if n > 0 && l.raw != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil // TLS would be broken now
	}
	return n, err
}

func (l *waitingLink) interrupt() { _ = l.conn.SetReadDeadline(time.Unix(1, 0)) }

func (l *waitingLink) allow(d time.Duration) error { return l.conn.SetReadDeadline(time.Now().Add(d)) }

func (l *waitingLink) closeWrite() bool {
	c, ok := l.conn.(interface{ CloseWrite() error })
	switch {
	case ok && l.raw == nil: // TLS writes a goodbye, and may have to wait for that
		l.session.transport.goroutines.Go(func() { _ = c.CloseWrite() })
	case ok:
		_ = c.CloseWrite() // a broken connection is found by the reader
	}
	return ok
}

func (l *waitingLink) settle() { l.session.awaitWritten() }

func (l *waitingLink) cut() { _ = l.socket().Close() }

func (l *waitingLink) close(reset bool) {
	if reset {
		if tcp, ok := l.socket().(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		l.cut()
	}
	_ = l.conn.Close()
}

// socket is what the connection is made of. To close that does not wait for anything, such as a goodbye in TLS.
func (l *waitingLink) socket() net.Conn {
	if wrapped, ok := l.conn.(interface{ NetConn() net.Conn }); ok {
		return wrapped.NetConn()
	}
	return l.conn
}
