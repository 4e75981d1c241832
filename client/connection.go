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
	v1 "recado/internal/protocol/v1"
)

var errCloseUnanswered = errors.New("the server did not answer the close frame")

const (
	// farewell bounds how long a connection that is over waits for its last frame to be written or answered.
	farewell = time.Second
	// chunk is how much is written at once, so that a long write shows its progress.
	chunk = 64 << 10
	// frameLimit bounds what a server can make a client keep in memory.
	frameLimit = 128 << 20
	// readBuffer lets a burst of small messages come with few system calls.
	readBuffer = 64 << 10
)

// A connection is one WebSocket while it lasts. One goroutine reads, another one writes everything.
type connection struct {
	conn   net.Conn
	config Config
	room   *room
	wake   chan struct{} // the room's: the writer has something new to do

	writing atomic.Bool   // a write is under way
	moved   atomic.Uint64 // counts the chunks that the network has taken

	mu       sync.Mutex       // guards what follows
	hello    []byte           // the first frame, until it is written
	pong     []byte           // what the server's last ping is to be answered with; nil: nothing
	probe    bool             // the server is silent: a ping is due
	closing  recado.CloseCode // the close frame to write; 0: none
	closed   bool             // that frame is written: nothing may follow
	over     bool             // nothing more will be read
	patience time.Time        // when the welcome must have come; zero: it has
	limit    time.Time        // when reading ends, whatever happens; zero: never
}

// newConnection is for an attempt to connect that began at start.
func newConnection(conn net.Conn, start time.Time, c Config, r *room) *connection {
	return &connection{
		conn: conn, config: c, room: r, wake: r.wake,
		hello: r.enter(), patience: start.Add(c.HandshakeTimeout),
	}
}

// run serves the connection to its end, and closes it. It returns why it ended. When ctx ends, so does the
// connection, within a second or so. What emit is given is valid until it returns.
func (s *connection) run(ctx context.Context, early *bufio.Reader, emit func([]Event)) error {
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
	if writeErr != nil && isTimeout(readErr) {
		return writeErr
	}
	return readErr
}

// reader is what the server sends, beginning with what came together with the handshake's answer.
func (s *connection) reader(early *bufio.Reader) io.Reader {
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
func (s *connection) read(from io.Reader, emit func([]Event)) error {
	frames := frameReader{from: from, limit: frameLimit}
	for {
		op, data, err := frames.next()
		if err != nil {
			return err
		}
		switch op {
		case ws.OpPing:
			s.ask(func() { s.pong = data })
		case ws.OpPong: // any byte counts as life
		case ws.OpClose:
			closed, err := parseClose(data)
			if err != nil {
				return err
			}
			return closed
		case ws.OpText:
			events, err := s.take(data)
			emit(events)
			if err != nil {
				return err
			}
		default:
			return &protocolError{recado.CloseUnsupported, "a binary frame"}
		}
	}
}

// take gives a frame of recado.v1 to the room.
func (s *connection) take(data []byte) ([]Event, error) {
	frame, err := v1.DecodeEvent(data)
	switch {
	case errors.Is(err, v1.ErrUnknownType):
		return nil, nil // a later version's
	case err != nil:
		return nil, &protocolError{recado.CloseProtocol, err.Error()}
	}
	events, err := s.room.take(frame)
	if _, is := frame.(v1.Welcome); is && err == nil {
		s.ask(func() { s.patience = time.Time{} })
	}
	return events, err
}

// end lets the writer send a last frame, if err calls for one, and stop.
func (s *connection) end(err error) {
	code := recado.CloseCode(0)
	if broken, is := errors.AsType[*protocolError](err); is {
		code = broken.code
	}
	switch {
	case errors.Is(err, ErrResync):
		code = recado.CloseResync
	case errors.Is(err, ErrSilent):
		code = recado.ClosePingTimeout
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
func (s *connection) leave(code recado.CloseCode) {
	s.conn.SetWriteDeadline(time.Now().Add(farewell)) //nolint:errcheck // a connection that is gone is over anyway
	s.ask(func() {
		if s.closing == 0 {
			s.closing = code
		}
		s.endReadingAt(time.Now().Add(farewell))
	})
}

func (s *connection) expectEnd() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endReadingAt(time.Now().Add(farewell))
}

// endReadingAt needs the lock.
func (s *connection) endReadingAt(limit time.Time) {
	if s.limit.IsZero() || limit.Before(s.limit) {
		s.limit = limit
	}
	s.conn.SetReadDeadline(s.limit) //nolint:errcheck // a connection that is gone is over anyway
}

// ask changes what the writer goes by, and wakes it.
func (s *connection) ask(change func()) {
	s.mu.Lock()
	change()
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// A watchedReader reads from a connection. It asks for a ping when the server is silent, and gives up
// when it stays so. Any byte counts as life.
type watchedReader struct{ s *connection }

func (r watchedReader) Read(p []byte) (int, error) {
	s := r.s
	for probed := false; ; {
		moved := s.moved.Load()
		s.setReadDeadline(probed)
		n, err := s.conn.Read(p)
		if n > 0 || !isTimeout(err) {
			return n, err
		}
		if end := s.timedOut(); end != nil {
			return 0, errors.Join(end, err)
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

func (s *connection) setReadDeadline(probed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := s.config.PingInterval
	if probed {
		wait = s.config.PingTimeout
	}
	deadline := time.Now().Add(wait)
	for _, end := range []time.Time{s.patience, s.limit} {
		if !end.IsZero() && end.Before(deadline) {
			deadline = end
		}
	}
	s.conn.SetReadDeadline(deadline) //nolint:errcheck // the read that follows will say it
}

// timedOut tells why reading is over; nil if it was only the silence that is to be looked into.
func (s *connection) timedOut() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch {
	case !s.limit.IsZero() && !now.Before(s.limit):
		return errCloseUnanswered
	case !s.patience.IsZero() && !now.Before(s.patience):
		return ErrSilent
	}
	return nil
}

func isTimeout(err error) bool {
	network, is := errors.AsType[net.Error](err)
	return is && network.Timeout()
}
