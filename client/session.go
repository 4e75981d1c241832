package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"recado"
)

// ErrSilent ends a connection on which the server has not even answered a ping.
var ErrSilent = errors.New("the server does not answer")

var errCloseUnanswered = errors.New("the server did not answer the close frame")

const (
	// farewell bounds how long a connection that is over waits for its last frame to be written or answered.
	farewell = time.Second
	// chunk is how much is written at once, so that a long write shows its progress.
	chunk = 64 << 10
	// readBuffer lets a burst of small messages come with few system calls.
	readBuffer = 16 << 10
)

// A session is one connection while it lasts. One goroutine reads, another one writes everything.
type session struct {
	conn   net.Conn
	config Config
	outbox *outbox
	wake   chan struct{} // of capacity 1: the writer has something new to do

	writing atomic.Bool   // a write is under way
	moved   atomic.Uint64 // counts the chunks that the network has taken

	mu      sync.Mutex // guards what follows
	flow    *flow
	pong    []byte           // what the server's last ping is to be answered with; nil: nothing
	probe   bool             // the server is silent: a ping is due
	closing recado.CloseCode // the close frame to write; 0: none
	closed  bool             // that frame is written: nothing may follow
	over    bool             // nothing more will be read
	limit   time.Time        // when reading ends, whatever happens; zero: never
}

func newSession(conn net.Conn, c Config, o *outbox) *session {
	return &session{conn: conn, config: c, outbox: o, wake: make(chan struct{}, 1), flow: newFlow()}
}

// run serves the connection to its end, and closes it. It returns why it ended, and how many messages were
// written that the server may not have read. When ctx ends, so does the connection, within a second or so.
func (s *session) run(ctx context.Context, early *bufio.Reader, emit func(Event)) (uncertain int, err error) {
	stop := context.AfterFunc(ctx, func() { s.leave(recado.CloseNormal) })
	defer stop()
	var reading sync.WaitGroup
	var readErr error
	reading.Go(func() {
		readErr = s.read(s.reader(early), emit)
		s.end(readErr)
	})
	writeErr := s.write()
	if writeErr != nil {
		s.expectEnd() // the reader may yet find out why, in the server's close frame
	}
	reading.Wait()
	s.conn.Close() //nolint:errcheck // all that matters is known
	s.mu.Lock()
	defer s.mu.Unlock()
	if writeErr != nil && isTimeout(readErr) {
		readErr = writeErr
	}
	return s.flow.unconfirmed(), readErr
}

// reader is what the server sends, beginning with what came together with the handshake's answer.
func (s *session) reader(early *bufio.Reader) io.Reader {
	watched := watchedReader{s}
	if early == nil {
		return bufio.NewReaderSize(watched, readBuffer)
	}
	// The bytes are in the buffer already: Peek cannot fail.
	head, _ := early.Peek(early.Buffered())
	head = bytes.Clone(head)
	ws.PutReader(early)
	return bufio.NewReaderSize(io.MultiReader(bytes.NewReader(head), watched), readBuffer)
}

// read takes frames until the connection ends and returns why it does: a *CloseError if the server said so.
func (s *session) read(from io.Reader, emit func(Event)) error {
	frames := frameReader{from: from, limit: s.config.MessageSize}
	for {
		op, data, err := frames.next()
		if err != nil {
			return err
		}
		switch op {
		case ws.OpPing:
			s.ask(func() { s.pong = data })
		case ws.OpPong:
			s.ask(func() { s.flow.pong(data, time.Now()) })
		case ws.OpClose:
			closed, err := parseClose(data)
			if err != nil {
				return err
			}
			return closed
		default:
			emit(decodeRaw(op, data))
		}
	}
}

// end lets the writer send a last frame, if err calls for one, and stop.
func (s *session) end(err error) {
	code := recado.CloseCode(0)
	if broken, is := errors.AsType[*protocolError](err); is {
		code = broken.code
	}
	if closed, is := errors.AsType[*CloseError](err); is {
		code = closed.Code // a close frame is answered with its own code
		if code == recado.CloseNoStatus {
			code = recado.CloseNormal
		}
	}
	s.conn.SetWriteDeadline(time.Now().Add(farewell)) //nolint:errcheck // a connection that is gone is over anyway
	s.ask(func() {
		s.over = true
		if s.closing == 0 {
			s.closing = code
		}
	})
}

// leave begins the close handshake from our side, in a hurry.
func (s *session) leave(code recado.CloseCode) {
	s.conn.SetWriteDeadline(time.Now().Add(farewell)) //nolint:errcheck // a connection that is gone is over anyway
	s.ask(func() {
		if s.closing == 0 {
			s.closing = code
		}
		s.endReadingAt(time.Now().Add(farewell))
	})
}

func (s *session) expectEnd() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endReadingAt(time.Now().Add(farewell))
}

// endReadingAt needs the lock.
func (s *session) endReadingAt(limit time.Time) {
	if s.limit.IsZero() || limit.Before(s.limit) {
		s.limit = limit
	}
	s.conn.SetReadDeadline(s.limit) //nolint:errcheck // a connection that is gone is over anyway
}

// ask changes what the writer goes by, and wakes it.
func (s *session) ask(change func()) {
	s.mu.Lock()
	change()
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// A watchedReader reads from a session's connection. It asks for a ping when the server is silent, and gives up
// when it stays so. Any byte counts as life.
type watchedReader struct{ s *session }

func (r watchedReader) Read(p []byte) (int, error) {
	s := r.s
	for probed := false; ; {
		moved := s.moved.Load()
		s.setReadDeadline(probed)
		n, err := s.conn.Read(p)
		if n > 0 || !isTimeout(err) {
			return n, err
		}
		if s.limitReached() {
			return 0, errors.Join(errCloseUnanswered, err)
		}
		switch {
		case s.writing.Load() && s.moved.Load() != moved:
			// A long message is on its way and the server takes it: a ping would have to wait behind it.
			probed = false
		case probed:
			return 0, ErrSilent
		default:
			probed = true
			s.ask(func() { s.probe = true })
		}
	}
}

func (s *session) setReadDeadline(probed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := s.config.PingInterval
	if probed {
		wait = s.config.PingTimeout
	}
	deadline := time.Now().Add(wait)
	if !s.limit.IsZero() && s.limit.Before(deadline) {
		deadline = s.limit
	}
	s.conn.SetReadDeadline(deadline) //nolint:errcheck // the read that follows will say it
}

func (s *session) limitReached() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.limit.IsZero() && !time.Now().Before(s.limit)
}

func isTimeout(err error) bool {
	network, is := errors.AsType[net.Error](err)
	return is && network.Timeout()
}
