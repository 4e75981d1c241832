package transport

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
)

// One answer has at most so many messages and so much text, but always one; who comes from this machine has no rate.
func TestAnswerIsBounded(t *testing.T) {
	l := recado.Limits{MessageSize: 1 << 20, HistoryMessages: 500, HistoryBytes: 8 << 20}
	interpose(t, l, func(t *testing.T, w *Transport, _ *interposed) {
		t.Helper()
		c := talkClient(t, w, `{"type":"hello"}`)
		c.wantFrame(`"messages_per_second":0`)
		for _, step := range []struct{ messages, size, want int }{{2, 300 << 10, 1}, {2, 100 << 10, 2}, {250, 10, 200}} {
			publish(t, w, step.messages, step.size)
			c.wantMessages(step.messages)
			c.send(ws.OpText, []byte(`{"type":"history","limit":1000}`))
			var page struct {
				Messages []any
				More     bool
			}
			if _, p, err := c.read(); err != nil || json.Unmarshal(p, &page) != nil || len(page.Messages) != step.want || !page.More {
				t.Errorf("of %d messages of %d bytes, an answer has %d, more: %v", step.messages, step.size, len(page.Messages), page.More)
			}
		}
		_ = c.conn.Close()
	})
}

// What is ephemeral is not for those who are behind.
func TestEphemeralIsTheFirstToGo(t *testing.T) {
	interpose(t, recado.Limits{}, func(t *testing.T, w *Transport, _ *interposed) {
		t.Helper()
		c := talkClient(t, w, `{"type":"hello"}`)
		c.wantFrame(`"welcome"`)
		synctest.Wait()
		typing := recado.Message{Room: "ops", Kind: recado.Text, Data: []byte("typing"), Ephemeral: true}
		if _, _, err := w.hub.Publish(t.Context(), typing); err != nil {
			t.Fatal(err)
		}
		c.wantFrame(`"ephemeral":true`)
		publish(t, w, 1, 10_000)
		for range 3 {
			if _, _, err := w.hub.Publish(t.Context(), typing); err != nil {
				t.Fatal(err)
			}
		}
		publish(t, w, 1, 10)
		c.wantFrame(`"seq":1`)
		c.wantFrame(`"seq":2`)
		_ = c.conn.Close()
	})
}

// Who does not even read the answer to its handshake gets all of that before it is closed.
func TestOverflowKeepsTheHandshake(t *testing.T) {
	interpose(t, recado.Limits{QueueStall: time.Hour}, func(t *testing.T, w *Transport, _ *interposed) {
		t.Helper()
		near, far := pipe(t)
		request := handshake(t)
		if err := w.Serve(hijacked{httptest.NewRecorder(), far}, request, Join{Room: "ops"}); err != nil {
			t.Fatal(err)
		}
		publish(t, w, 10, 60_000)
		in := bufio.NewReader(near)
		response, err := http.ReadResponse(in, request)
		if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("handshake: %v, %v", response, err)
		}
		_ = response.Body.Close()
		c := &client{t: t, conn: near, in: in}
		c.wantClose(4001, "slow_reader")
	})
}

// A write that stalled in the middle cannot go on where the connection is not our own socket.
func TestStallInTheMiddle(t *testing.T) {
	interpose(t, recado.Limits{QueueStall: 5 * time.Second}, func(t *testing.T, w *Transport, _ *interposed) {
		t.Helper()
		c := pipeClient(t, w)
		publish(t, w, 1, 60_000)
		if _, err := c.in.ReadByte(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Second)
		if w.Len() != 0 {
			t.Error("the connection goes on")
		}
		_ = c.conn.Close()
	})
}

// Who can come back is still there for a while, unless it has said goodbye.
func TestWhoMayReturn(t *testing.T) {
	const session = "0123456789012345678901"
	for name, tt := range map[string]struct {
		join    Join
		talks   bool
		bye     bool
		remains bool
	}{
		"raw":                   {},
		"raw, bye":              {bye: true},
		"raw with session":      {join: Join{Session: session}, remains: true},
		"raw with session, bye": {join: Join{Session: session}, bye: true},
		"recado.v1":             {talks: true, remains: true},
		"recado.v1, bye":        {talks: true, bye: true},
	} {
		t.Run(name, func(t *testing.T) {
			interpose(t, recado.Limits{}, func(t *testing.T, w *Transport, _ *interposed) {
				t.Helper()
				pipeClient(t, w)
				var c *client
				if tt.talks {
					c = talkClient(t, w, `{"type":"hello"}`)
					c.wantFrame(`"welcome"`)
				} else {
					c = joinPipe(t, w, tt.join)
				}
				if tt.bye {
					c.send(ws.OpClose, ws.NewCloseFrameBody(1000, ""))
					c.wantClose(1000, "")
				}
				_ = c.conn.Close()
				time.Sleep(14 * time.Second)
				if remains := w.hub.Roster("ops").Count == 2; remains != tt.remains {
					t.Errorf("after 14 s it is there: %v", remains)
				}
				time.Sleep(2 * time.Second)
				if n := w.hub.Roster("ops").Count; n != 1 {
					t.Errorf("%d members after 16 s, want 1", n)
				}
			})
		})
	}
}

// joinPipe is a raw client over a pipe.
func joinPipe(t *testing.T, w *Transport, j Join) *client {
	t.Helper()
	j.Room, j.Loopback = "ops", true
	near, far := pipe(t)
	request := handshake(t)
	if err := w.Serve(hijacked{httptest.NewRecorder(), far}, request, j); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(near)
	response, err := http.ReadResponse(in, request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return &client{t: t, conn: near, in: in}
}

// A connection that cannot be taken over leaves nothing in the room.
func TestNotTakenOver(t *testing.T) {
	interpose(t, recado.Limits{}, func(t *testing.T, w *Transport, _ *interposed) {
		t.Helper()
		if err := w.Serve(httptest.NewRecorder(), handshake(t), Join{Room: "ops"}); err == nil || !strings.Contains(err.Error(), "not supported") {
			t.Errorf("Serve = %v", err)
		}
		if w.hub.Rooms() != 0 || w.Len() != 0 || w.Open() != 0 {
			t.Errorf("%d rooms, %d clients, %d connections are left", w.hub.Rooms(), w.Len(), w.Open())
		}
	})
}

// A slowGoodbye takes its time to say that nothing follows, as TLS may.
type slowGoodbye struct {
	net.Conn

	release chan struct{}
}

func (c slowGoodbye) CloseWrite() error {
	<-c.release
	return nil
}

// While a goodbye takes its time, nobody else waits for it.
func TestGoodbyeHoldsNobodyUp(t *testing.T) {
	bubble(t, recado.Limits{}, func(t *testing.T, w *Transport) {
		t.Helper()
		near, far := pipe(t)
		goodbye := slowGoodbye{far, make(chan struct{})}
		if err := w.Serve(hijacked{httptest.NewRecorder(), goodbye}, handshake(t), Join{Room: "ops", Loopback: true}); err != nil {
			t.Fatalf("Serve = %v", err)
		}
		in := bufio.NewReader(near)
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		c := &client{t: t, conn: near, in: in}
		c.send(ws.OpClose, nil)
		if op, _, err := c.read(); op != ws.OpClose || err != nil {
			t.Errorf("read = %v, %v, want a close frame", op, err)
		}
		synctest.Wait()
		other := pipeClient(t, w)
		time.AfterFunc(time.Second, func() { close(goodbye.release) })
		began := time.Now()
		go w.Close(t.Context(), recado.CloseGoingAway)
		if op, _, err := other.read(); op != ws.OpClose || err != nil || time.Since(began) > 0 {
			t.Errorf("read = %v, %v after %v, want a close frame at once", op, err, time.Since(began))
		}
		_, _ = other.conn.Close(), near.Close()
	})
}
