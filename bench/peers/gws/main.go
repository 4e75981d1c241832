// Command gws is a relay on github.com/lxzan/gws, broadcasting as its README recommends.
package main

import (
	"net/http"
	"sync"

	"github.com/lxzan/gws"

	"recado/bench/peers/peer"
)

type relay struct {
	gws.BuiltinEventHandler

	mu      sync.RWMutex // guards members
	members map[*gws.Conn]struct{}
}

func (r *relay) OnOpen(c *gws.Conn) {
	r.mu.Lock()
	r.members[c] = struct{}{}
	r.mu.Unlock()
}

func (r *relay) OnClose(c *gws.Conn, _ error) {
	r.mu.Lock()
	delete(r.members, c)
	r.mu.Unlock()
}

func (r *relay) OnMessage(from *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	b := gws.NewBroadcaster(m.Opcode, m.Bytes())
	defer func() { _ = b.Close() }()
	r.mu.RLock()
	defer r.mu.RUnlock()
	for to := range r.members {
		if to != from {
			_ = b.Broadcast(to)
		}
	}
}

func main() {
	// ParallelEnabled stays off: with it the messages of one sender overtake each other.
	upgrader := gws.NewUpgrader(&relay{members: map[*gws.Conn]struct{}{}}, &gws.ServerOption{})
	panic(peer.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := upgrader.Upgrade(w, r); err == nil {
			go c.ReadLoop() // on its own goroutine, so that the request can be collected
		}
	})))
}
