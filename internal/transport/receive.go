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

// A streamReceiver reads a connection that cannot tell when it is readable, such as TLS: its small buffer is
// held while it waits.
type streamReceiver struct {
	conn   net.Conn
	buffer [4 << 10]byte
}

func (r *streamReceiver) receive() ([]byte, error) {
	n, err := r.conn.Read(r.buffer[:])
	if n > 0 {
		return r.buffer[:n], nil // an error comes again
	}
	return nil, err
}

func (r *streamReceiver) release() {}
