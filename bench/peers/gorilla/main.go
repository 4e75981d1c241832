// Command gorilla is a relay on github.com/gorilla/websocket, built as its chat example: a hub, and for each
// connection a reader and a writer with a channel of 256. What is sent to many is a prepared message.
package main

import (
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"recado/bench/peers/peer"
)

type (
	client struct {
		conn *websocket.Conn
		send chan *websocket.PreparedMessage
	}
	message struct {
		from     *client
		prepared *websocket.PreparedMessage
	}
	hub struct {
		join, leave chan *client
		broadcast   chan message
	}
)

func (h *hub) run() {
	clients := map[*client]struct{}{}
	for {
		select {
		case c := <-h.join:
			clients[c] = struct{}{}
		case c := <-h.leave:
			if _, ok := clients[c]; ok {
				delete(clients, c)
				close(c.send)
			}
		case m := <-h.broadcast:
			for c := range clients {
				if c == m.from {
					continue
				}
				select {
				case c.send <- m.prepared:
				default:
					delete(clients, c)
					close(c.send)
				}
			}
		}
	}
}

func (c *client) read(h *hub) {
	defer func() { h.leave <- c }()
	for {
		kind, data, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		if prepared, err := websocket.NewPreparedMessage(kind, data); err == nil {
			h.broadcast <- message{c, prepared}
		}
	}
}

func (c *client) write() {
	defer func() { _ = c.conn.Close() }()
	for m := range c.send {
		_ = c.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if c.conn.WritePreparedMessage(m) != nil {
			return
		}
	}
}

func main() {
	h := &hub{make(chan *client), make(chan *client), make(chan message)}
	go h.run()
	upgrader := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	panic(peer.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := upgrader.Upgrade(w, r, nil); err == nil {
			c := &client{conn, make(chan *websocket.PreparedMessage, 256)}
			h.join <- c
			go c.write() // on goroutines of their own, so that the request can be collected
			go c.read(h)
		}
	})))
}
