package storm_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"recado/internal/storm"
)

// A rawClient speaks plain WebSocket frames. What happens while it has no connection it never learns.
type rawClient struct {
	name, room, url string
	session         string // that the url has; "" for a new member with each connection
	book            *book

	mu      sync.Mutex // guards what follows, and the writing
	conn    net.Conn   // nil while there is none
	sent    int
	pinged  bool // on this connection
	present bool // the server has answered that
}

// live is in the room until it has heard the last words, over as many connections as that takes.
func (c *rawClient) live(ctx context.Context) {
	c.book.write(storm.Event{Client: c.name, Do: storm.Join, Room: c.room, Raw: true})
	for ctx.Err() == nil {
		conn, early, _, err := ws.Dialer{Timeout: patience}.Dial(ctx, c.url)
		if err != nil {
			pause(ctx, 100*time.Millisecond)
			continue
		}
		if early == nil {
			early = bufio.NewReader(conn)
		}
		c.open(conn)
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		err = c.listen(early)
		stop()
		c.close(err)
		if err == nil {
			c.book.write(storm.Event{Client: c.name, Do: storm.Done})
			return
		}
	}
}

func (c *rawClient) open(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn, c.pinged, c.present = conn, false, false
	c.book.write(storm.Event{Client: c.name, Do: storm.Open, Member: c.session})
}

func (c *rawClient) close(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn.Close()
	c.conn, c.present = nil, false
	c.book.write(storm.Event{Client: c.name, Do: storm.Close, Error: fmt.Sprint(err)})
}

// listen logs what comes until the connection ends, or, without an error, up to the last words.
func (c *rawClient) listen(frames io.Reader) error {
	for {
		header, err := ws.ReadHeader(frames)
		if err != nil {
			return err
		}
		payload := make([]byte, header.Length)
		if _, err := io.ReadFull(frames, payload); err != nil {
			return err
		}
		switch header.OpCode {
		case ws.OpText, ws.OpBinary:
			c.book.write(storm.Event{Client: c.name, Do: storm.Message, Kind: kindOf(header.OpCode), Data: payload})
			if isLast(payload) {
				return nil
			}
		case ws.OpPing:
			c.answer(ws.OpPong, payload)
		case ws.OpPong:
			c.mu.Lock()
			c.present = true
			c.mu.Unlock()
		case ws.OpClose:
			code, reason := ws.ParseCloseFrameData(payload)
			c.answer(ws.OpClose, payload)
			return wsutil.ClosedError{Code: code, Reason: reason}
		}
	}
}

func kindOf(op ws.OpCode) string {
	if op == ws.OpBinary {
		return "binary"
	}
	return "text"
}

func (c *rawClient) answer(op ws.OpCode, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(op, payload)
}

// write needs the lock. If it goes wrong, so will the reading.
func (c *rawClient) write(op ws.OpCode, payload []byte) {
	c.conn.SetWriteDeadline(time.Now().Add(patience))
	wsutil.WriteClientMessage(c.conn, op, payload)
}

// busy is false: nothing waits.
func (c *rawClient) busy() bool { return false }

// settled reports that the server has answered a ping on the connection that there is: so the client is in the
// room, and will hear what is said from now on.
func (c *rawClient) settled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil && !c.pinged {
		c.pinged = true
		c.write(ws.OpPing, nil)
	}
	return c.present
}

// say sends one message, if there is a connection to write it to. It counts as sent even if that fails.
func (c *rawClient) say(dice dice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return
	}
	c.sent++
	kind, data := speech(c.name, c.sent, dice)
	op := ws.OpText
	if kind == "binary" {
		op = ws.OpBinary
	} else {
		kind = "text"
	}
	c.book.write(storm.Event{Client: c.name, Do: storm.Send, Kind: kind, Data: data})
	c.write(op, data)
}
