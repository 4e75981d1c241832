package transport

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// bubble serves in a synctest bubble, where time passes at once.
func bubble(t *testing.T, l recado.Limits, scene func(t *testing.T, w *Transport)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := New(hub.New(memory.New(recado.Limits{}), l), Config{Limits: l})
		// Also when the scene fails: the ticker would go on for ever.
		defer func() { _ = w.Close(t.Context(), recado.CloseGoingAway) }()
		scene(t, w)
	})
}

func TestSilentClientIsPinged(t *testing.T) {
	for name, l := range map[string]recado.Limits{
		"defaults":                    {},
		"timeout above the interval":  {PingInterval: 2 * time.Second, PingTimeout: 9 * time.Second},
		"intervals of milliseconds":   {PingInterval: 100 * time.Millisecond, PingTimeout: 50 * time.Millisecond},
		"interval far above the time": {PingInterval: 5 * time.Minute, PingTimeout: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, l, func(t *testing.T, w *Transport) {
				t.Helper()
				interval := l.WithDefaults().PingInterval
				c := pipeClient(t, w)
				for i := range 5 {
					began := time.Now()
					op, _, err := c.read()
					if silence := time.Since(began); op != ws.OpPing || err != nil ||
						silence > interval+interval/5+time.Second {
						t.Fatalf("ping %d: %v, %v after %v; want a ping after about %v", i, op, err, silence, interval)
					}
					c.send(ws.OpPong, nil)
				}
				_ = c.conn.Close()
			})
		})
	}
}

func TestDeadClientIsGivenUp(t *testing.T) {
	bubble(t, recado.Limits{}, func(t *testing.T, w *Transport) {
		t.Helper()
		c := pipeClient(t, w)
		began := time.Now()
		if op, _, err := c.read(); op != ws.OpPing || err != nil {
			t.Fatalf("read = %v, %v; want a ping", op, err)
		}
		op, p, err := c.read()
		code, reason := ws.ParseCloseFrameData(p)
		if op != ws.OpClose || code != 4004 || reason != "ping_timeout" || err != nil {
			t.Fatalf("read = %v %d %q, %v; want close 4004 ping_timeout", op, code, reason, err)
		}
		if after := time.Since(began); after < 35*time.Second || after > 37*time.Second {
			t.Errorf("given up after %v, want 25 s + 10 s", after)
		}
		if _, _, err := c.read(); !errors.Is(err, io.EOF) {
			t.Errorf("after the close frame: %v, want the end", err)
		}
		if time.Since(began) > 45*time.Second {
			t.Errorf("connection kept for %v", time.Since(began))
		}
	})
}

func TestAnyFrameIsLife(t *testing.T) {
	bubble(t, recado.Limits{}, func(t *testing.T, w *Transport) {
		t.Helper()
		c := pipeClient(t, w)
		for range 20 {
			time.Sleep(20 * time.Second)
			c.send(ws.OpText, []byte("oi"))
		}
		synctest.Wait()
		if w.Len() != 1 {
			t.Error("a client that talks was given up")
		}
		_ = c.conn.Close()
	})
}

func TestNoPings(t *testing.T) {
	bubble(t, recado.Limits{PingInterval: recado.Off}, func(t *testing.T, w *Transport) {
		t.Helper()
		c := pipeClient(t, w)
		time.Sleep(24 * time.Hour)
		if w.Len() != 1 {
			t.Error("a silent client was given up although pings are off")
		}
		_ = c.conn.Close()
	})
}

// A client that stops reading altogether is given up when nothing has moved for the stall time.
func TestStalledBacklogIsGivenUp(t *testing.T) {
	bubble(t, recado.Limits{PingInterval: recado.Off}, func(t *testing.T, w *Transport) {
		t.Helper()
		sender, stalled := pipeClient(t, w), pipeClient(t, w)
		sender.send(ws.OpText, []byte("oi"))
		began := time.Now()
		time.Sleep(4 * time.Second)
		if w.Len() != 2 {
			t.Fatalf("given up after %v", time.Since(began))
		}
		time.Sleep(2 * time.Second)
		if w.Len() != 1 {
			t.Errorf("not given up after %v without progress", time.Since(began))
		}
		_ = sender.conn.Close()
		_ = stalled.conn.Close()
	})
}

// A client over its message rate is read more slowly and loses nothing; a room can have a rate of its own, and limits
// can be exchanged for those who come afterwards.
func TestMessageRate(t *testing.T) {
	slow := recado.Limits{MessageRate: 10, MessageBurst: 5, PingInterval: recado.Off}
	fast := recado.Limits{PingInterval: recado.Off}
	ruled := fast
	ruled.RoomRules = []recado.RoomRule{{Pattern: "other"}, {Pattern: "o*", Limits: slow}}
	for name, tt := range map[string]struct{ before, after recado.Limits }{
		"everywhere": {slow, slow}, "of the room": {ruled, ruled}, "exchanged": {fast, slow}, "exchanged, of the room": {fast, ruled},
	} {
		t.Run(name, func(t *testing.T) { testMessageRate(t, tt.before, tt.after) })
	}
}

func testMessageRate(t *testing.T, before, after recado.Limits) {
	t.Helper()
	bubble(t, before, func(t *testing.T, w *Transport) {
		t.Helper()
		w.SetLimits(after)
		sender, member := pipeClient(t, w), pipeClient(t, w)
		for _, s := range w.roster.all() {
			s.local = false
		}
		began := time.Now()
		go func() {
			for i := range 105 {
				sender.send(ws.OpBinary, numbered(i, 8))
			}
		}()
		member.wantNumbered(105)
		if took := time.Since(began); took < 9900*time.Millisecond || took > 10100*time.Millisecond {
			t.Errorf("105 messages took %v, want 10 s: 10 a second after 5 at once", took)
		}
		_ = sender.conn.Close()
		_ = member.conn.Close()
	})
}

// Who talks is alive, also while it is read more slowly than its pongs could come through.
func TestPacedClientIsNotGivenUp(t *testing.T) {
	bubble(t, recado.Limits{MessageRate: 2, MessageBurst: 1}, func(t *testing.T, w *Transport) {
		t.Helper()
		sender, member := pipeClient(t, w), pipeClient(t, w)
		for _, s := range w.roster.all() {
			s.local = false
		}
		go func() {
			var frames []byte
			for i := range 250 { // two minutes of them, read at once
				frames = append(frames, ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(numbered(i, 8))))...)
			}
			_, _ = sender.conn.Write(frames)
		}()
		for i := 0; i < 250; {
			op, p, err := member.read()
			switch {
			case err != nil:
				t.Fatalf("after %d messages: %v", i, err)
			case op == ws.OpPing:
				member.send(ws.OpPong, nil)
			case !bytes.Equal(p, numbered(i, 8)):
				t.Fatalf("read %v %x, want message %d", op, p, i)
			default:
				i++
			}
		}
		if w.Len() != 2 {
			t.Error("the sender was given up while its messages were being taken")
		}
		_ = sender.conn.Close()
		_ = member.conn.Close()
	})
}

func TestControlFlood(t *testing.T) {
	bubble(t, recado.Limits{}, func(t *testing.T, w *Transport) {
		t.Helper()
		c := pipeClient(t, w)
		go func() {
			for range 101 {
				_ = ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewPingFrame(nil)))
			}
		}()
		for i := 0; ; i++ {
			op, p, err := c.read()
			if err != nil {
				t.Fatalf("read = %v", err)
			}
			if op == ws.OpClose {
				if code, _ := ws.ParseCloseFrameData(p); code != 4002 || i != 100 {
					t.Errorf("close %d after %d pongs, want 4002 after 100", code, i)
				}
				break
			}
		}
		_ = c.conn.Close()
	})
}
