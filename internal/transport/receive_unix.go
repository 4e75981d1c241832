//go:build unix

package transport

import (
	"io"
	"net"
	"sync"
	"syscall"
)

//nolint:gochecknoglobals // one pool for all connections: only those that are being read hold a buffer
var readBuffers = sync.Pool{New: func() any { return new([readBufferSize]byte) }}

// A socketReceiver waits for a socket to be readable without holding a buffer.
type socketReceiver struct {
	raw    syscall.RawConn
	call   func(fd uintptr) bool // the method read, bound once
	buffer *[readBufferSize]byte
	n      int
	err    error
	likely bool // something is probably there
}

func newSocketReceiver(_ net.Conn, raw syscall.RawConn) receiver {
	r := &socketReceiver{raw: raw}
	r.call = r.read
	return r
}

func (r *socketReceiver) receive() ([]byte, error) {
	if err := r.raw.Read(r.call); err != nil {
		return nil, err
	}
	if r.err != nil {
		return nil, r.err
	}
	r.likely = r.n == readBufferSize
	if r.n == 0 {
		return nil, io.EOF
	}
	return r.buffer[:r.n], nil
}

func (r *socketReceiver) release() {
	if r.buffer != nil {
		readBuffers.Put(r.buffer)
		r.buffer = nil
	}
}

// read tries at every call: the poller reports only that something has come since the last attempt. The attempt
// before waiting only peeks: a connection that has never received anything has touched no buffer, and its
// goroutine has kept its first, small stack.
func (r *socketReceiver) read(fd uintptr) (done bool) {
	if !r.likely {
		r.likely = true
		var first [1]byte
		if _, again, _ := receiveNow(fd, first[:], true); again {
			return false
		}
	}
	r.buffer = readBuffers.Get().(*[readBufferSize]byte)
	var again bool
	if r.n, again, r.err = receiveNow(fd, r.buffer[:], false); again {
		r.release()
	}
	return !again
}
