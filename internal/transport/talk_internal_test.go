package transport

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
)

// talkClient is a client of recado.v1 over a pipe that has sent these frames.
func talkClient(t *testing.T, w *Transport, frames ...string) *client {
	t.Helper()
	c := pipeClient(t, w, "recado.v1")
	for _, f := range frames {
		c.send(ws.OpText, []byte(f))
	}
	return c
}

// wantFrame reads a frame that has this part.
func (c *client) wantFrame(part string) {
	c.t.Helper()
	if _, p, err := c.read(); err != nil || !strings.Contains(string(p), part) {
		c.t.Errorf("read = %s, %v, want %s", p, err, part)
	}
}

func (c *client) wantClose(code ws.StatusCode, reason string) {
	c.t.Helper()
	op, p, err := c.read()
	if got, why := ws.ParseCloseFrameData(p); err != nil || op != ws.OpClose || got != code || why != reason {
		c.t.Errorf("read = %v %d %q, %v, want close %d %q", op, got, why, err, code, reason)
	}
	_ = c.conn.Close()
}

func TestHelloHasItsTime(t *testing.T) {
	bubble(t, recado.Limits{HelloTimeout: 10 * time.Second}, func(t *testing.T, w *Transport) {
		t.Helper()
		silent, late := talkClient(t, w), talkClient(t, w, `{"type":"hello","name":7}`)
		prompt := talkClient(t, w, `{"type":"hello"}`)
		late.wantFrame(`"code":"bad_field"`)
		prompt.wantFrame(`"type":"welcome"`)
		began := time.Now()
		silent.wantClose(4504, "hello_timeout")
		late.wantClose(4504, "hello_timeout")
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("closed after %v, want 10 s", took)
		}
		prompt.send(ws.OpText, []byte(`{"type":"ping"}`))
		prompt.wantFrame(`"type":"pong"`)
		_ = prompt.conn.Close()
	})
}

// Who is over its rate loses nothing, and is told so when it lasts: again and again, so that nobody takes it for over.
func TestRateLimitIsTold(t *testing.T) {
	bubble(t, recado.Limits{MessageRate: 10, MessageBurst: 5, PingInterval: recado.Off}, func(t *testing.T, w *Transport) {
		t.Helper()
		c := talkClient(t, w)
		for _, s := range w.roster.all() {
			s.local = false
		}
		c.send(ws.OpText, []byte(`{"type":"hello"}`))
		c.wantFrame(`"messages_per_second":10`)
		for range 2 {
			go func() {
				for range 40 {
					publish := ws.NewTextFrame([]byte(`{"type":"publish","text":"oi"}`))
					_ = ws.WriteFrame(c.conn, ws.MaskFrame(publish)) // the acks that are missing will tell
				}
			}()
			began := time.Now()
			var told []time.Duration
			for acks := 0; acks < 40; {
				_, p, err := c.read()
				switch {
				case err != nil:
					t.Fatal(err)
				case strings.Contains(string(p), `"code":"rate_limited"`) && strings.Contains(string(p), `"retry_after_ms":1000`):
					told = append(told, time.Since(began).Round(100*time.Millisecond))
				case strings.Contains(string(p), `"ack"`):
					acks++
				}
			}
			const before = 900 * time.Millisecond // the tenth of a second that makes it a whole one
			if want := []time.Duration{before, 2 * before, 3 * before}; !slices.Equal(told, want) {
				t.Errorf("35 messages too fast at 10/s: told at %v, want %v", told, want)
			}
			time.Sleep(time.Minute)
		}
		_ = c.conn.Close()
	})
}

// Who will have to wait long is told at once.
func TestLongWaitIsToldAtOnce(t *testing.T) {
	bubble(t, recado.Limits{MessageRate: 10, MessageBurst: 50, PingInterval: recado.Off}, func(t *testing.T, w *Transport) {
		t.Helper()
		publish(t, w, 40, 1)
		c := talkClient(t, w)
		for _, s := range w.roster.all() {
			s.local = false
		}
		began := time.Now()
		c.send(ws.OpText, []byte(`{"type":"hello"}`))
		c.wantFrame(`"welcome"`)
		for range 2 {
			c.send(ws.OpText, []byte(`{"type":"history"}`))
			c.wantFrame(`"type":"history"`)
		}
		c.wantFrame(`"retry_after_ms":3`)
		if took := time.Since(began); took != 0 {
			t.Errorf("told after %v, want at once", took)
		}
		_ = c.conn.Close()
	})
}

// What the history costs is counted too: a few bytes that ask for 200 messages are not one message.
func TestHistoryIsRated(t *testing.T) {
	interpose(t, recado.Limits{}, func(t *testing.T, w *Transport, _ *interposed) {
		t.Helper()
		c := talkClient(t, w)
		for _, s := range w.roster.all() {
			s.local = false
		}
		publish(t, w, 200, 1)
		c.send(ws.OpText, []byte(`{"type":"hello"}`))
		c.wantFrame(`"welcome"`)
		began := time.Now()
		for range 30 {
			c.send(ws.OpText, []byte(`{"type":"history"}`))
			_, p, err := c.read()
			if strings.Contains(string(p), `"code":"rate_limited"`) {
				_, p, err = c.read()
			}
			if err != nil || !strings.HasPrefix(string(p), `{"type":"history"`) {
				t.Fatalf("read = %.100s, %v, want a page of the history", p, err)
			}
		}
		if took := time.Since(began); took < 3*time.Second || took > 5*time.Second {
			t.Errorf("30 pages of 200 messages took %v, want 4 s at 1,000 messages a second behind the first 2,000", took)
		}
		_ = c.conn.Close()
	})
}

// A server that will be back says when; the others are only told that it goes.
func TestDrain(t *testing.T) {
	for code, want := range map[recado.CloseCode]string{recado.CloseRestart: `"type":"drain"`, recado.CloseGoingAway: ""} {
		bubble(t, recado.Limits{}, func(t *testing.T, w *Transport) {
			t.Helper()
			c := talkClient(t, w, `{"type":"hello"}`)
			c.wantFrame(`"type":"welcome"`)
			go func() { _ = w.Close(t.Context(), code) }()
			if want != "" {
				c.wantFrame(want)
			}
			c.wantClose(ws.StatusCode(code), code.Reason())
			synctest.Wait()
		})
	}
}

// Clients of a server that will be back go one after the other, and are told to come back when it is there, not
// all at once; until its turn, each talks on.
func TestDrainSpreads(t *testing.T) {
	const clients = 40
	bubble(t, recado.Limits{}, func(t *testing.T, w *Transport) {
		t.Helper()
		began := time.Now()
		ends := make(chan [2]time.Duration, clients) // when it was closed, and when it is to come back
		for range clients {
			c := talkClient(t, w, `{"type":"hello"}`)
			go func() {
				var hint time.Duration
				for {
					op, p, err := c.read()
					if err != nil || op == ws.OpClose {
						ends <- [2]time.Duration{time.Since(began), time.Since(began) + hint}
						_ = c.conn.Close()
						return
					}
					if _, ms, found := strings.Cut(string(p), `"reconnect_after_ms":`); found {
						n, _ := strconv.Atoi(strings.TrimSuffix(ms, "}"))
						hint = time.Duration(n) * time.Millisecond
					}
				}
			}()
		}
		synctest.Wait()
		_ = w.Close(t.Context(), recado.CloseRestart)
		const window = clients * perLeave
		seconds := map[time.Duration]int{}
		var last time.Duration
		for range clients {
			end := <-ends
			last = max(last, end[0])
			seconds[end[1]/(100*time.Millisecond)]++
			if end[1] < window+minReturn-time.Millisecond || end[1] > 2*(window+minReturn) {
				t.Errorf("closed at %v, told to come back at %v, want %v to twice that", end[0], end[1], window+minReturn)
			}
		}
		if last < window*9/10 || last > window {
			t.Errorf("the last one was closed after %v, want nearly %v", last, window)
		}
		for tenth, n := range seconds {
			if n > clients/2 {
				t.Errorf("%d of %d come back in the same tenth of a second, %d", n, clients, tenth)
			}
		}
	})
}
