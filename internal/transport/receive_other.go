//go:build !unix

package transport

import (
	"net"
	"sync"
	"syscall"
)

//nolint:gochecknoglobals // one pool for all connections: only those that are being read hold a buffer
var readBuffers = sync.Pool{New: func() any { return new([readBufferSize]byte) }}

// A socketReceiver waits for a socket to be readable without holding a buffer.
type socketReceiver struct {
	conn   net.Conn
	raw    syscall.RawConn
	buffer *[readBufferSize]byte
}

func newSocketReceiver(conn net.Conn, raw syscall.RawConn) receiver {
	return &socketReceiver{conn: conn, raw: raw}
}

func (r *socketReceiver) receive() ([]byte, error) {
	asked := false
	// Windows waits, with a read of no bytes, after the callback's first refusal.
	err := r.raw.Read(func(uintptr) bool {
		ready := asked
		asked = true
		return ready
	})
	if err != nil {
		return nil, err
	}
	r.buffer = readBuffers.Get().(*[readBufferSize]byte)
	n, err := r.conn.Read(r.buffer[:])
	return r.buffer[:n], err
}

func (r *socketReceiver) release() {
	if r.buffer != nil {
		readBuffers.Put(r.buffer)
		r.buffer = nil
	}
}
