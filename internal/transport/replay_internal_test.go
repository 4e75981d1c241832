package transport

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// interposed is a broker that lets something happen behind each ReadAfter, of which n is how many there were.
type interposed struct {
	recado.Broker

	n    atomic.Int64
	then func(n int64)
}

func (b *interposed) ReadAfter(ctx context.Context, room string, after recado.Position, limit int) (recado.Page, error) {
	page, err := b.Broker.ReadAfter(ctx, room, after, limit)
	if n := b.n.Add(1); b.then != nil {
		b.then(n)
	}
	return page, err
}

// interpose is bubble with such a broker.
func interpose(t *testing.T, l recado.Limits, scene func(t *testing.T, w *Transport, b *interposed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l.PingInterval = recado.Off
		b := &interposed{Broker: memory.New(l)}
		w := New(hub.New(b, l), Config{Limits: l})
		defer func() { _ = w.Close(t.Context(), recado.CloseGoingAway) }()
		scene(t, w, b)
	})
}

// publish lets somebody who is not there say so many messages of that size, and returns the position before them.
func publish(t *testing.T, w *Transport, messages, size int) recado.Position {
	t.Helper()
	before, err := w.hub.Position(t.Context(), "ops")
	for range messages {
		if err == nil {
			m := recado.Message{Room: "ops", Kind: recado.Text, Data: []byte(strings.Repeat("x", size))}
			_, _, err = w.hub.Publish(t.Context(), m)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return before
}

func resumeFrom(t *testing.T, w *Transport, at recado.Position) *client {
	t.Helper()
	return talkClient(t, w, fmt.Sprintf(`{"type":"hello","since":%q}`, at))
}

// wantMessages reads so many messages, and nothing else between them.
func (c *client) wantMessages(n int) {
	c.t.Helper()
	for range n {
		c.wantFrame(`"type":"message"`)
	}
}

// What is said right behind the last page of a replay is not lost, be it the page that comes with the welcome.
func TestSaidDuringReplay(t *testing.T) {
	interpose(t, recado.Limits{}, func(t *testing.T, w *Transport, b *interposed) {
		t.Helper()
		at := publish(t, w, 80, 10)
		b.then = func(n int64) {
			if n <= 4 {
				publish(t, w, 1, 10)
			}
		}
		c := resumeFrom(t, w, at)
		c.wantFrame(`"replay":80`)
		c.wantMessages(84)
		b.n.Store(0)
		up, err := w.hub.Position(t.Context(), "ops")
		if err != nil {
			t.Fatal(err)
		}
		d := resumeFrom(t, w, up)
		d.wantFrame(`"recovered":true,"replay":0`)
		d.wantMessages(4)
		_, _ = c.conn.Close(), d.conn.Close()
	})
}

// A session that ends while it reads the history sends nothing behind its close frame, and is gone.
func TestEndDuringReplay(t *testing.T) {
	interpose(t, recado.Limits{}, func(t *testing.T, w *Transport, b *interposed) {
		t.Helper()
		at := publish(t, w, 150, 1000)
		b.then = func(n int64) {
			for _, s := range w.roster.all() {
				if n == 2 {
					s.close(recado.CloseReplaced, "test", "test")
				}
			}
		}
		c := resumeFrom(t, w, at)
		c.wantFrame(`"replay":150`)
		messages := 0
		for {
			op, _, err := c.read()
			if err != nil || op == ws.OpClose {
				break
			}
			messages++
		}
		if messages == 0 || messages > pageSize {
			t.Errorf("%d messages before the close, want the first stretch", messages)
		}
		if op, p, err := c.read(); err == nil {
			t.Errorf("behind the close frame: %v %.60q", op, p)
		}
		_ = c.conn.Close()
		synctest.Wait()
		if w.Open() != 0 {
			t.Error("the session is not gone")
		}
	})
}

// What the history drops while somebody reads it is missed because of a slow reader, whatever the first gap was.
func TestSlowInReplay(t *testing.T) {
	l := recado.Limits{HistoryMessages: 100}
	interpose(t, l, func(t *testing.T, w *Transport, _ *interposed) {
		t.Helper()
		at := publish(t, w, 100, 1000)
		c := resumeFrom(t, w, at)
		stream := streamOf(t, w, Join{After: recado.Position{Epoch: at.Epoch}, Replay: true})
		synctest.Wait()
		publish(t, w, 150, 1000)
		c.wantFrame(`"recovered":true,"replay":100`)
		for kind := ""; kind != "gap"; {
			_, p, err := c.read()
			switch {
			case err != nil:
				t.Fatal(err)
			case strings.Contains(string(p), `"type":"gap"`):
				kind = "gap"
				if !strings.Contains(string(p), `"reason":"slow"`) {
					t.Errorf("recado.v1 is told %s", p)
				}
			}
		}
		c.wantMessages(100)
		for line := ""; !strings.Contains(line, `"gap"`); {
			var err error
			if line, err = stream.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(line, `"gap"`) && !strings.Contains(line, `"reason":"slow"`) {
				t.Errorf("the stream says %s", line)
			}
		}
		_ = c.conn.Close()
	})
}

// streamOf is a stream of JSON lines over a pipe.
func streamOf(t *testing.T, w *Transport, j Join) *bufio.Reader {
	t.Helper()
	j.Room, j.Loopback = "ops", true
	near, far := pipe(t)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if err := w.Stream(hijacked{httptest.NewRecorder(), far}, request, j, JSONLines); err != nil {
		t.Fatalf("Stream = %v", err)
	}
	response, err := http.ReadResponse(bufio.NewReader(near), request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return bufio.NewReader(response.Body)
}

// Who comes while somebody reads the history is in a list behind it; when nobody does, there is none.
func TestPresenceAfterReplay(t *testing.T) {
	for name, comes := range map[string]bool{"somebody comes": true, "nobody comes": false} {
		t.Run(name, func(t *testing.T) {
			interpose(t, recado.Limits{}, func(t *testing.T, w *Transport, _ *interposed) {
				t.Helper()
				at := publish(t, w, 150, 1000)
				c := resumeFrom(t, w, at)
				synctest.Wait()
				if comes {
					other := talkClient(t, w, `{"type":"hello","name":"beto"}`)
					other.wantFrame(`"welcome"`)
				}
				time.Sleep(time.Second)
				c.wantFrame(`"welcome"`)
				c.wantMessages(150)
				if comes {
					c.wantFrame(`"type":"count","member_count":2,"members":[{`)
				}
				publish(t, w, 1, 1)
				c.wantMessages(1)
				_ = c.conn.Close()
			})
		})
	}
}

// However large the history, no more of it waits for a reader than a stretch.
func TestReplayIsReadInStretches(t *testing.T) {
	l := recado.Limits{HistoryBytes: 8 << 20}
	interpose(t, l, func(t *testing.T, w *Transport, _ *interposed) {
		t.Helper()
		at := publish(t, w, 60, 60_000)
		c := resumeFrom(t, w, at)
		for read := range 60 {
			synctest.Wait()
			for _, s := range w.roster.all() {
				s.out.mu.Lock()
				if s.out.waiting > stretch+61_000 {
					t.Errorf("%d bytes wait after %d messages", s.out.waiting, read)
				}
				s.out.mu.Unlock()
			}
			if read == 0 {
				c.wantFrame(`"welcome"`)
			}
			c.wantMessages(1)
		}
		_ = c.conn.Close()
	})
}

// Raw clients and streams can ask for what was said since a time, or ever; neither is a gap.
func TestReplaySince(t *testing.T) {
	interpose(t, recado.Limits{HistoryMessages: 5}, func(t *testing.T, w *Transport, _ *interposed) {
		t.Helper()
		publish(t, w, 8, 10)
		time.Sleep(time.Minute)
		publish(t, w, 2, 20)
		all := streamOf(t, w, Join{Replay: true})
		for i := range 5 {
			if line, err := all.ReadString('\n'); err != nil || !strings.Contains(line, `"type":"message"`) {
				t.Errorf("line %d of all is %q, %v", i, line, err)
			}
		}
		lately := streamOf(t, w, Join{Replay: true, Since: time.Now().Add(-time.Second)})
		for i := range 2 {
			if line, err := lately.ReadString('\n'); err != nil || !strings.Contains(line, strings.Repeat("x", 20)) {
				t.Errorf("line %d of lately is %q, %v", i, line, err)
			}
		}
	})
}
