// Command coder is a relay on github.com/coder/websocket, built as its chat example: a lock around the set of
// subscribers, and for each of them a channel. Its channels of 16 are 256 deep here, or they would overflow.
package main

import (
	"context"
	"net/http"
	"sync"

	"github.com/coder/websocket"

	"recado/bench/peers/peer"
)

type (
	message struct {
		kind websocket.MessageType
		data []byte
	}
	subscriber struct {
		conn *websocket.Conn
		send chan message
	}
	relay struct {
		mu          sync.Mutex // guards subscribers
		subscribers map[*subscriber]struct{}
	}
)

// ServeHTTP lives as long as the connection.
func (r *relay) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	conn, err := websocket.Accept(w, q, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(-1) // of 32 KiB
	s := &subscriber{conn, make(chan message, 256)}
	r.mu.Lock()
	r.subscribers[s] = struct{}{}
	r.mu.Unlock()
	ctx, cancel := context.WithCancel(q.Context())
	go s.write(ctx)
	r.read(ctx, s)
	cancel()
	r.mu.Lock()
	delete(r.subscribers, s)
	r.mu.Unlock()
}

func (r *relay) read(ctx context.Context, from *subscriber) {
	for {
		kind, data, err := from.conn.Read(ctx)
		if err != nil {
			return
		}
		r.mu.Lock()
		for to := range r.subscribers {
			if to == from {
				continue
			}
			select {
			case to.send <- message{kind, data}:
			default:
				go func() { _ = to.conn.Close(websocket.StatusPolicyViolation, "too slow") }()
			}
		}
		r.mu.Unlock()
	}
}

// write ends when the connection does. The example's time limit on each write is left out: it would double the
// cost of a delivery.
func (s *subscriber) write(ctx context.Context) {
	for {
		select {
		case m := <-s.send:
			if s.conn.Write(context.Background(), m.kind, m.data) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func main() {
	panic(peer.Serve(&relay{subscribers: map[*subscriber]struct{}{}}))
}
