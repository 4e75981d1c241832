package transport

import (
	"net"
	"syscall"
)

// readBufferSize is how much is read at once, in bytes.
const readBufferSize = 16 << 10

// A receiver reads a connection. Between release and the next receive it holds no buffer, if it can.
type receiver interface {
	// receive waits for bytes and returns them; they are the caller's until release.
	receive() ([]byte, error)
	release()
}

// newReceiver chooses how conn is read; raw is nil where the connection is no plain socket.
func newReceiver(conn net.Conn, raw syscall.RawConn) receiver {
	if raw == nil {
		return &streamReceiver{conn: conn}
	}
	return newSocketReceiver(conn, raw)
}

// waitBufferSize is what a connection holds while it waits that cannot wait without a buffer: room for what people
// usually say, in bytes.
const waitBufferSize = 512

// A streamReceiver reads a connection that cannot tell when it is readable, such as TLS: while it waits it holds a
// small buffer. Where that was filled, more is likely to be there, and is read into one of the pool.
type streamReceiver struct {
	conn   net.Conn
	small  [waitBufferSize]byte
	buffer *[readBufferSize]byte
	likely bool
}

func (r *streamReceiver) receive() ([]byte, error) {
	p := r.small[:]
	if r.likely {
		r.buffer = readBuffers.Get().(*[readBufferSize]byte)
		p = r.buffer[:]
	}
	n, err := r.conn.Read(p)
	r.likely = n == len(p)
	if n > 0 {
		return p[:n], nil // an error comes again
	}
	return nil, err
}

func (r *streamReceiver) release() {
	if r.buffer != nil {
		readBuffers.Put(r.buffer)
		r.buffer = nil
	}
}
