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

// read tries at every call: Go's poller reports only that something has come since the last attempt.
func (r *socketReceiver) read(fd uintptr) (done bool) {
	r.buffer = readBuffers.Get().(*[readBufferSize]byte)
	var later bool
	if r.n, later, r.err = receiveNow(fd, r.buffer[:]); later {
		r.release()
	}
	return !later
}
