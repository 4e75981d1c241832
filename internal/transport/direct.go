package transport

import (
	"sync"
	"syscall"

	"recado/internal/hub"
)

// A directWriter writes to sockets without waiting. It is used by one goroutine at a time.
type directWriter struct {
	call   func(fd uintptr) // the method send, bound once: no allocation per write
	data   []byte
	n      int
	err    error
	joined []byte // pieces of a batch in one stretch
}

//nolint:gochecknoglobals // one pool for all flushes
var directWriters = sync.Pool{New: func() any {
	w := new(directWriter)
	w.call = w.send
	return w
}}

// write passes as much of p to the socket as it takes at once. The descriptor stays open meanwhile.
func (w *directWriter) write(raw syscall.RawConn, p []byte) (n int, err error) {
	w.data, w.n, w.err = p, 0, nil
	err = raw.Control(w.call)
	w.data = nil
	if err != nil {
		return 0, err
	}
	return w.n, w.err
}

func (w *directWriter) send(fd uintptr) { w.n, w.err = sendNow(fd, w.data) }

// flush writes b to each of the members.
func (w *directWriter) flush(b *hub.Batch, to []*hub.Member) {
	for len(to) > 0 {
		to = w.flushUntilPanic(b, to)
	}
}

// flushUntilPanic returns the members behind the one whose session has panicked.
func (w *directWriter) flushUntilPanic(b *hub.Batch, to []*hub.Member) (rest []*hub.Member) {
	i := 0
	defer func() {
		if p := recover(); p != nil {
			to[i].Conn.(*session).panicked(p)
			rest = to[i+1:]
		}
	}()
	for ; i < len(to); i++ {
		to[i].Conn.(*session).receive(w, b, to[i])
	}
	return nil
}

// join returns what m is to receive of b in one stretch, valid until the next call.
func (w *directWriter) join(b *hub.Batch, m *hub.Member, behind bool) []byte {
	w.joined = w.joined[:0]
	if cap(w.joined) > maxPooled {
		w.joined = nil
	}
	for piece := range b.Pieces(m, behind) {
		w.joined = append(w.joined, piece...)
	}
	return w.joined
}
