package transport

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// What a polledLink's session is doing.
const (
	waiting = iota // nothing: wake lets a worker run it
	running
	again // running, and to be run once more
)

// A polledLink is a socket that the poller watches.
type polledLink struct {
	poller  *poller
	session *session
	over    func()
	fd      int

	state       atomic.Int32
	ending      atomic.Bool // the kernel has told of an end: a read of less than there was place for is not the last
	interrupted atomic.Bool
	deadline    *time.Timer // for interrupt, after allow

	file   *os.File // of the descriptor, made when something has to wait to be written; guarded by out.mu
	closed bool     // guarded by out.mu
}

var _ link = (*polledLink)(nil)

func (l *polledLink) start(over func()) {
	l.over = over
	if err := l.poller.watch(l); err != nil {
		l.session.lost(err.Error())
	}
	if len(l.session.initial) > 0 || !l.state.CompareAndSwap(running, waiting) {
		l.poller.dispatch(l)
	}
}

// wake has the session run, once more if it is being run.
func (l *polledLink) wake() {
	for {
		switch {
		case l.state.CompareAndSwap(waiting, running):
			l.poller.dispatch(l)
			return
		case l.state.CompareAndSwap(running, again), l.state.Load() == again:
			return
		}
	}
}

// turn runs the session until there is nothing to read for now. A session that is over stays running: nothing wakes it.
func (l *polledLink) turn(in *polledReceiver) {
	for in.drained = false; !l.session.run(in); in.drained = false {
		if l.state.CompareAndSwap(running, waiting) {
			return
		}
		l.state.Store(running)
	}
	l.over()
}

func (l *polledLink) write(_ *directWriter, p []byte) (n int, err error) {
	return sendNow(uintptr(l.fd), p)
}

func (l *polledLink) writeWithin(d time.Duration, p []byte) (n int, err error) {
	file := l.waitingFile()
	if file == nil {
		return 0, net.ErrClosed
	}
	_ = file.SetWriteDeadline(time.Now().Add(d))
	n, err = file.Write(p)
	if n > 0 && os.IsTimeout(err) {
		err = nil
	}
	return n, err
}

// waitingFile is the socket as something that Go's poller watches, too; nil if it is closed.
func (l *polledLink) waitingFile() *os.File {
	l.session.out.mu.Lock()
	defer l.session.out.mu.Unlock()
	if l.file == nil && !l.closed {
		l.file = os.NewFile(uintptr(l.fd), "socket")
	}
	return l.file
}

func (l *polledLink) interrupt() {
	l.interrupted.Store(true)
	l.wake()
}

func (l *polledLink) allow(d time.Duration) error {
	l.interrupted.Store(false)
	l.deadline = time.AfterFunc(d, l.interrupt)
	return nil
}

func (l *polledLink) closeWrite() bool {
	if !l.closed {
		_ = unix.Shutdown(l.fd, unix.SHUT_WR) // a broken connection is found by the reader
	}
	return true
}

func (l *polledLink) settle() {} // the socket has taken what it could

func (l *polledLink) cut() {
	l.session.out.mu.Lock()
	defer l.session.out.mu.Unlock()
	if !l.closed {
		_ = unix.Shutdown(l.fd, unix.SHUT_RDWR)
	}
}

func (l *polledLink) close(reset bool) {
	if l.deadline != nil {
		l.deadline.Stop()
	}
	l.poller.forget(l.fd)
	l.session.out.mu.Lock()
	defer l.session.out.mu.Unlock()
	l.closed = true
	if reset {
		_ = unix.SetsockoptLinger(l.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	if l.file != nil {
		_ = l.file.Close()
	} else {
		_ = unix.Close(l.fd)
	}
}

// A polledReceiver reads what has come, without waiting for more. A worker uses one for all the links that it serves.
type polledReceiver struct {
	link    *polledLink
	drained bool
	buffer  [readBufferSize]byte
}

var _ receiver = (*polledReceiver)(nil)

//nolint:gochecknoglobals // one pool for all pollers
var polledReceivers = sync.Pool{New: func() any { return new(polledReceiver) }}

// receive tries only once more after it was given all there was, if the end may have come with it: the poller tells
// everything that comes from then on.
func (r *polledReceiver) receive() ([]byte, error) {
	if r.link.interrupted.Load() {
		return nil, os.ErrDeadlineExceeded
	}
	if r.drained && !r.link.ending.Load() {
		return nil, errLater
	}
	n, later, err := receiveNow(uintptr(r.link.fd), r.buffer[:])
	r.drained = n < len(r.buffer)
	switch {
	case later:
		return nil, errLater
	case err != nil:
		return nil, err
	case n == 0:
		return nil, io.EOF
	}
	return r.buffer[:n], nil
}

func (r *polledReceiver) release() {}
