package client_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/client"
	v1 "recado/internal/protocol/v1"
)

func TestWaitsGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.down = true
		c, err := client.Open(t.Context(), client.Config{
			URL: "ws://example.test", Dial: s.dial, Random: func() float64 { return 0.5 },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		want(t, c, client.State{Phase: client.Connecting})
		for i, wait := range []time.Duration{250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000} {
			start := time.Now()
			err := wantReconnecting(t, c, wait*time.Millisecond, i+1)
			if !errors.Is(err, errNobodyListens) {
				t.Errorf("the reason is %v, want that nobody listens", err)
			}
			if took := time.Since(start); i > 0 && took > wait*time.Millisecond {
				t.Errorf("attempt %d took %v", i+1, took)
			}
		}
	})
}

// A connection that breaks at once does not start the waits anew; one that lasts does.
func TestStableConnection(t *testing.T) {
	tests := map[string]struct {
		lasts time.Duration
		wait  time.Duration
		after int
	}{
		"short": {9 * time.Second, 500 * time.Millisecond, 2},
		"long":  {10 * time.Second, 250 * time.Millisecond, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p, c := connected(t, client.Config{})
				p.conn.Close()
				wantReconnecting(t, c, 250*time.Millisecond, 1)
				p = s.back(t, c)
				time.Sleep(tt.lasts)
				p.conn.Close()
				wantReconnecting(t, c, tt.wait, tt.after)
			})
		})
	}
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{RetryBase: time.Hour, RetryMax: time.Hour})
		c.Retry() // while there is a connection it means nothing, now and later
		p.conn.Close()
		wantReconnecting(t, c, 30*time.Minute, 1)
		synctest.Wait()
		if len(s.dials) > 0 {
			t.Fatal("a Retry of before the outage counted")
		}
		start := time.Now()
		c.Retry()
		c.Retry()
		s.back(t, c)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("Retry waited %v", waited)
		}
	})
}

// The server says when it will be back. That counts once.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{})
		p.tell(v1.Drain{ReconnectAfter: 1834 * time.Millisecond})
		want(t, c, client.State{Phase: client.Draining, Wait: 1834 * time.Millisecond})
		go p.close(recado.CloseRestart, "restarting")
		p.wantClose(recado.CloseRestart)
		wantReconnecting(t, c, 1834*time.Millisecond, 1)
		start := time.Now()
		s.answer("HTTP/1.1 503 Service Unavailable\r\n\r\n")
		if waited := time.Since(start); waited != 1834*time.Millisecond {
			t.Errorf("it came back after %v", waited)
		}
		wantReconnecting(t, c, 500*time.Millisecond, 2)
	})
}

// A hole in the chain is resumed at once, but a server that always has one is not besieged.
func TestResync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{})
		for i, wait := range []time.Duration{0, 500, 1000, 2000} {
			frame, _ := said(20, "later")
			p.tell(frame)
			p.wantClose(recado.CloseResync)
			if err := wantReconnecting(t, c, wait*time.Millisecond, i+1); !errors.Is(err, client.ErrResync) {
				t.Errorf("the reason is %v, want ErrResync", err)
			}
			p = s.back(t, c)
		}
	})
}

// Whoever takes our session over does not fight with us: we come back as somebody else, at the same place.
func TestSessionReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{Name: "ana"})
		go p.close(recado.CloseReplaced, "session_replaced")
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		_, got := s.accept()
		if want := (v1.Hello{Name: "ana", Since: at(10)}); got != want {
			t.Errorf("hello %+v, want %+v", got, want)
		}
	})
}

// A server that does not know our session any more does not know our ids either.
func TestSessionForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{})
		id := try(t, c, "a")
		p.publish("a")
		p.conn.Close()
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		p, _ = s.accept()
		w := hello
		w.Session, w.Recovered = session+"2", true
		p.tell(w)
		want(t, c, client.State{Phase: client.Connected, Recovered: true})
		start := time.Now()
		wantLost(t, c, id, client.ErrUncertain)
		if waited := time.Since(start); waited > 0 {
			t.Errorf("that was known %v earlier", waited)
		}
		wantQuiet(t, c)
	})
}

// As long as the page of history has not come there is nothing to resume: the client asks for it again.
func TestHistoryPageLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{History: 5})
		p, got := s.accept()
		if got.History != 5 || got.Since != (recado.Position{}) {
			t.Errorf("hello %+v, want 5 messages of history", got)
		}
		p.tell(hello)
		want(t, c, client.State{Phase: client.Connected})
		p.conn.Close()
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		p, got = s.accept()
		if got.History != 5 || got.Since != (recado.Position{}) || got.Session != session {
			t.Errorf("hello %+v, want 5 messages of history again", got)
		}
		frame, event := said(10, "before")
		p.tell(hello, v1.Page{Messages: []v1.Message{frame}, More: true})
		want(t, c, client.State{Phase: client.Connected})
		want(t, c, client.Page{Messages: []client.Message{event}, More: true})
		p.conn.Close()
		wantReconnecting(t, c, 500*time.Millisecond, 2)
		if _, got = s.accept(); got.Since != at(10) || got.History != 0 {
			t.Errorf("hello %+v, want to go on behind 10, without history", got)
		}
	})
}

func TestSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		for range 3 { // a server that answers is kept
			time.Sleep(31 * time.Second)
			synctest.Wait()
		}
		frame, event := said(11, "alive")
		p.tell(frame)
		want(t, c, event)
		p.mute.Store(true)
		start := time.Now()
		if err := wantReconnecting(t, c, 250*time.Millisecond, 1); !errors.Is(err, client.ErrSilent) {
			t.Errorf("the reason is %v, want ErrSilent", err)
		}
		if took := time.Since(start); took != 40*time.Second {
			t.Errorf("given up after %v, want 40 s", took)
		}
		if got := <-p.frames; got.op != ws.OpPing {
			t.Errorf("the client sent %+v, want a ping", got)
		}
		p.wantClose(recado.ClosePingTimeout)
	})
}

// A server that slowly takes a long message is alive, although it says nothing meanwhile.
func TestSlowUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		conn := <-s.dials
		defer conn.Close()
		upgrader := ws.Upgrader{Protocol: func([]byte) bool { return true }}
		if _, err := upgrader.Upgrade(conn); err != nil {
			t.Fatal(err)
		}
		ws.ReadFrame(conn) //nolint:staticcheck // the hello is small
		w := hello
		w.Limits.MessageBytes = 1 << 20
		var frame bytes.Buffer
		ws.MustWriteFrame(&frame, ws.NewTextFrame(v1.AppendEvent(nil, w)))
		conn.Write(frame.Bytes())
		want(t, c, client.State{Phase: client.Connected})
		try(t, c, string(bytes.Repeat([]byte("x"), 1<<20)))
		buffer := make([]byte, 64<<10)
		for range 16 {
			time.Sleep(25 * time.Second)
			if _, err := io.ReadFull(conn, buffer); err != nil {
				t.Fatalf("the client gave up: %v", err)
			}
		}
		start := time.Now() // now it stops taking anything
		if err := wantReconnecting(t, c, 250*time.Millisecond, 1); !errors.Is(err, client.ErrSilent) {
			t.Errorf("the reason is %v, want ErrSilent", err)
		}
		if took := time.Since(start); took > 70*time.Second {
			t.Errorf("given up after %v", took)
		}
	})
}
