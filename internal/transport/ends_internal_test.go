package transport

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"recado"
)

func TestSuddenEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(c *client)
		want string
	}{
		"close frame":   {func(c *client) { c.send(ws.OpClose, ws.NewCloseFrameBody(1000, "done")) }, "code=1000 reason=done"},
		"no status":     {func(c *client) { c.send(ws.OpClose, nil) }, "code=1005"},
		"shut down":     {func(c *client) { _ = c.conn.(interface{ CloseWrite() error }).CloseWrite() }, "code=1006"},
		"connection":    {func(c *client) { _ = c.conn.Close() }, "code=1006"},
		"reset":         {func(c *client) { _ = c.socket().SetLinger(0); _ = c.socket().Close() }, "code=1006"},
		"half a header": {func(c *client) { _, _ = c.conn.Write([]byte{0x81}); _ = c.conn.Close() }, "code=1006"},
		"unmasked":      {func(c *client) { _ = ws.WriteFrame(c.conn, ws.NewTextFrame([]byte("oi"))) }, "code=1002"},
	} {
		t.Run(name, func(t *testing.T) {
			everySocket(t, recado.Limits{}, func(t *testing.T, r *relay) {
				t.Helper()
				c, other := r.dial(t), r.dial(t)
				tt.end(c)
				r.waitFor(t, "disconnect", func() bool { return strings.Contains(r.log.String(), tt.want) })
				r.waitFor(t, "one client", func() bool { return r.Len() == 1 })
				if h := r.hub.Rooms(); h != 1 {
					t.Errorf("%d rooms with one client", h)
				}
				other.send(ws.OpPing, []byte("still there?"))
				if op, p, err := other.read(); op != ws.OpPong || string(p) != "still there?" || err != nil {
					t.Errorf("the other client: %v %q, %v", op, p, err)
				}
			})
		})
	}
}

func TestCloseTellsEveryone(t *testing.T) {
	everySocket(t, recado.Limits{}, func(t *testing.T, r *relay) {
		t.Helper()
		clients := []*client{r.dial(t), r.dial(t), r.dial(t)}
		var reading sync.WaitGroup
		for _, c := range clients {
			reading.Go(func() {
				op, p, err := c.read()
				if code, reason := ws.ParseCloseFrameData(p); err != nil || op != ws.OpClose || code != 1001 || reason != "going_away" {
					t.Errorf("read = %v %d %q, %v; want close 1001 going_away", op, code, reason, err)
				}
				_ = c.conn.Close()
			})
		}
		if err := r.Close(t.Context(), recado.CloseGoingAway); err != nil {
			t.Errorf("Close = %v", err)
		}
		reading.Wait()
		if r.Len() != 0 {
			t.Errorf("Len() = %d after Close", r.Len())
		}
		err := r.Serve(httptest.NewRecorder(), handshake(t), Join{Room: "ops"})
		if refusal := new(recado.Refusal); !errors.As(err, &refusal) || refusal.Code != "server_draining" {
			t.Errorf("Serve after Close = %v, want server_draining", err)
		}
	})
}

func TestManyMessagesAreSummedInTheLog(t *testing.T) {
	r := startRelay(t, recado.Limits{MessageRate: recado.Off})
	sender := r.dial(t)
	for i := range 1000 {
		sender.send(ws.OpText, fmt.Append(nil, i))
	}
	r.waitFor(t, "sum", func() bool { return strings.Contains(r.log.String(), `msg="messages relayed"`) })
	if n := strings.Count(r.log.String(), `msg="message relayed"`); n < logBurst || n > logBurst+10*logRate {
		t.Errorf("%d messages logged one by one, want about %d", n, logBurst)
	}
}

// The server closes the connection once both close frames are through, whoever sent the first.
func TestCloseHandshakeEndsAtOnce(t *testing.T) {
	everySocket(t, recado.Limits{CloseTimeout: time.Minute}, func(t *testing.T, r *relay) {
		t.Helper()
		c := r.dial(t)
		closed := make(chan error, 1)
		go func() { closed <- r.Close(t.Context(), recado.CloseRestart) }()
		if op, p, err := c.read(); op != ws.OpClose || err != nil {
			t.Fatalf("read = %v %q, %v; want a close frame", op, p, err)
		}
		c.send(ws.OpText, []byte("was on its way"))
		c.send(ws.OpClose, ws.NewCloseFrameBody(1012, ""))
		select {
		case err := <-closed: // although the client keeps its end open
			if err != nil {
				t.Errorf("Close = %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the connection was kept after both close frames")
		}
	})
}

// A connection that is being closed is no client any more, but it still takes a descriptor.
func TestClosingConnectionsAreCounted(t *testing.T) {
	everySocket(t, recado.Limits{CloseTimeout: time.Minute}, func(t *testing.T, r *relay) {
		t.Helper()
		c := r.dial(t)
		_ = ws.WriteFrame(c.conn, ws.NewTextFrame([]byte("without a mask")))
		if op, _, err := c.read(); op != ws.OpClose || err != nil {
			t.Fatalf("read = %v, %v; want a close frame", op, err)
		}
		r.waitFor(t, "end of the client", func() bool { return r.Len() == 0 })
		if n := r.Open(); n != 1 {
			t.Errorf("Open() = %d while the connection lingers, want 1", n)
		}
		_ = c.conn.Close()
		r.waitFor(t, "end of the connection", func() bool { return r.Open() == 0 })
	})
}

// When all have left, however they left, goroutines, descriptors, rooms and the roster are as before.
func TestNothingIsLeft(t *testing.T) {
	everySocket(t, recado.Limits{MessageRate: recado.Off, CloseTimeout: time.Second}, func(t *testing.T, r *relay) {
		t.Helper()
		_ = r.dial(t).conn.Close() // what all connections share is there now
		goroutines, files := runtime.NumGoroutine(), openFiles(t)
		const shared = 40 // goroutines at most that wait for any connection to have something to say
		for round := range 3 {
			var clients []*client
			for range 100 {
				clients = append(clients, r.dial(t))
			}
			for i := range 300 { // who does not read gets a backlog, some are dropped
				// Who was dropped cannot send any more.
				_ = ws.WriteFrame(clients[i%10].conn, ws.MaskFrame(ws.NewBinaryFrame(numbered(i, 60<<10))))
			}
			for i, c := range clients {
				if (i+round)%2 == 0 {
					_ = ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewCloseFrame(nil)))
				}
				_ = c.conn.Close()
			}
			r.waitFor(t, "empty relay", func() bool {
				return r.Len() == 0 && r.hub.Rooms() == 0 && len(r.roster.all()) == 0 && r.open.Load() == 0
			})
		}
		r.waitFor(t, "end of all goroutines", func() bool { return runtime.NumGoroutine() <= goroutines+shared })
		r.waitFor(t, "end of all descriptors", func() bool { return openFiles(t) <= files })
	})
}

// openFiles is the number of this process's descriptors, 0 where the system does not tell.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return len(entries)
}
