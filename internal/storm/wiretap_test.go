package storm_test

import (
	"bytes"
	"context"
	"net"
	"slices"
	"sync"

	"github.com/gobwas/ws"

	"recado"
	"recado/client"
	v1 "recado/internal/protocol/v1"
)

// A wiretap reads along what a client gets from the server, for what its events leave out: a log has the positions
// of welcomes and gaps, and what each frame follows.
type wiretap struct {
	mu       sync.Mutex // guards what follows
	epoch    string
	welcomes []v1.Welcome // that the client has not told of yet
	gaps     []v1.Gap
	prevs    map[recado.Position]uint64
}

func newWiretap() *wiretap { return &wiretap{prevs: map[recado.Position]uint64{}} }

func (w *wiretap) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &tappedConn{Conn: conn, tap: w}, nil
}

// A tappedConn keeps what it has read until that is a whole frame.
type tappedConn struct {
	net.Conn

	tap    *wiretap
	opened bool // the handshake's answer is over
	unread []byte
}

// Read reads from the network.
func (c *tappedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.unread = append(c.unread, p[:n]...)
	if !c.opened {
		_, rest, found := bytes.Cut(c.unread, []byte("\r\n\r\n"))
		if !found {
			return n, err
		}
		c.opened, c.unread = true, rest
	}
	for {
		in := bytes.NewReader(c.unread)
		header, headerErr := ws.ReadHeader(in)
		if headerErr != nil || int64(in.Len()) < header.Length {
			return n, err
		}
		rest := c.unread[len(c.unread)-in.Len():]
		if header.OpCode == ws.OpText {
			c.tap.take(rest[:header.Length])
		}
		c.unread = rest[header.Length:]
	}
}

func (w *wiretap) take(frame []byte) {
	event, err := v1.DecodeEvent(frame)
	if err != nil {
		return // the client will say so
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case v1.Welcome:
		w.epoch = e.Position.Epoch
		w.welcomes = append(w.welcomes, e)
	case v1.Gap:
		w.epoch = e.Position.Epoch
		w.gaps = append(w.gaps, e)
	case v1.Message:
		w.prevs[recado.Position{Epoch: w.epoch, Seq: e.Seq}] = e.Prev
	case v1.Ack:
		w.prevs[recado.Position{Epoch: w.epoch, Seq: e.Seq}] = e.Prev
	}
}

// welcome returns that of the connection which the client tells of. It may never tell of some that came when their
// connection was over.
func (w *wiretap) welcome(told client.State) (at v1.Welcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	same := func(e v1.Welcome) bool { return e.Recovered == told.Recovered && e.Replay == told.Replay }
	at, w.welcomes = next(w.welcomes, same)
	return at
}

// gap is the same for gaps.
func (w *wiretap) gap(told client.Gap) (at v1.Gap) {
	w.mu.Lock()
	defer w.mu.Unlock()
	same := func(e v1.Gap) bool { return e.From == told.From && e.To == told.To && e.Reason == told.Reason }
	at, w.gaps = next(w.gaps, same)
	return at
}

// next returns the first that is right, and those after it.
func next[T any](queue []T, right func(T) bool) (first T, rest []T) {
	if i := slices.IndexFunc(queue, right); i >= 0 {
		return queue[i], queue[i+1:]
	}
	return first, nil // the log will have no position there
}

func (w *wiretap) prev(at recado.Position) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	prev := w.prevs[at]
	delete(w.prevs, at)
	return prev
}
