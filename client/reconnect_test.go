package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/client"
)

type readWriter struct {
	io.Reader
	io.Writer
}

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
				p = s.accept()
				want(t, c, client.State{Phase: client.Connected})
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
		defer s.accept().conn.Close()
		want(t, c, client.State{Phase: client.Connected})
		if waited := time.Since(start); waited != 0 {
			t.Errorf("Retry waited %v", waited)
		}
	})
}

func TestOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{})
		p.conn.Close()
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		for i := range 50 {
			if err := c.TrySend(recado.Text, fmt.Append(nil, i)); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
		}
		if err := c.TrySend(recado.Text, []byte("too many")); !errors.Is(err, client.ErrOutboxFull) {
			t.Errorf("the 51st message: %v, want ErrOutboxFull", err)
		}
		if n := c.Waiting(); n != 50 {
			t.Errorf("Waiting() = %d, want 50", n)
		}
		sent := make(chan error, 1)
		go func() { sent <- c.Send(t.Context(), recado.Text, []byte("50")) }()
		p = s.accept()
		defer p.conn.Close()
		go p.listen()
		want(t, c, client.State{Phase: client.Connected})
		for i := range 51 {
			p.want(ws.OpText, fmt.Sprint(i))
		}
		if err := <-sent; err != nil {
			t.Errorf("Send() = %v", err)
		}
	})
}

func TestSendGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := opened(t, client.Config{Outbox: 1})
		c.TrySend(recado.Text, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Send(ctx, recado.Text, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Send() = %v, want the context's error", err)
		}
	})
}

func TestOutboxBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := opened(t, client.Config{})
		big := make([]byte, recado.MaxMessageSize)
		if err := c.TrySend(recado.Binary, big); err != nil {
			t.Errorf("the first message, however big: %v", err)
		}
		if err := c.TrySend(recado.Binary, big[:1]); !errors.Is(err, client.ErrOutboxFull) {
			t.Errorf("one byte more: %v, want ErrOutboxFull", err)
		}
	})
}

func TestOldMessagesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.down = true
		c, err := client.Open(t.Context(), client.Config{URL: "ws://example.test", Dial: s.dial})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		start := time.Now()
		c.TrySend(recado.Text, []byte("old"))
		for {
			if e := next(t, c); e == (client.Lost{Unsent: 1}) {
				break
			}
		}
		if age := time.Since(start); age < 10*time.Minute || age > 11*time.Minute {
			t.Errorf("the message expired after %v, want about 10 minutes", age)
		}
		var lost *client.LostError
		go drain(c)
		if err := c.Finish(t.Context()); !errors.As(err, &lost) || lost.Lost != (client.Lost{Unsent: 1}) {
			t.Errorf("Finish() = %v, want one message never sent", err)
		}
	})
}

func drain(c *client.Client) {
	for range c.Events() {
	}
}

// The pong of the server is what tells read messages from lost ones.
func TestUnconfirmedMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{})
		c.TrySend(recado.Text, []byte("confirmed"))
		p.want(ws.OpText, "confirmed")
		synctest.Wait()
		p.mute.Store(true)
		c.TrySend(recado.Text, []byte("perhaps"))
		p.want(ws.OpText, "perhaps")
		p.conn.Close()
		want(t, c, client.Lost{Uncertain: 1})
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		p = s.accept()
		defer p.conn.Close()
		go p.listen()
		want(t, c, client.State{Phase: client.Connected})
		c.TrySend(recado.Text, []byte("next"))
		p.want(ws.OpText, "next") // and not "perhaps" again
	})
}

// However much there is to send, a server that confirms nothing has only a bounded part of it before it.
func TestUnconfirmedMessagesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		p.mute.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for c.Send(ctx, recado.Text, []byte("x")) == nil {
		}
		synctest.Wait()
		texts := 0
		for len(p.frames) > 0 {
			if f := <-p.frames; f.op == ws.OpText {
				texts++
			}
		}
		if texts != 256 {
			t.Errorf("%d messages were written before the first pong, want 256", texts)
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
		p.send(ws.OpText, "alive")
		want(t, c, client.Message{Kind: recado.Text, Data: []byte("alive")})
		p.mute.Store(true)
		start := time.Now()
		if err := wantReconnecting(t, c, 250*time.Millisecond, 1); !errors.Is(err, client.ErrSilent) {
			t.Errorf("the reason is %v, want ErrSilent", err)
		}
		if took := time.Since(start); took != 40*time.Second {
			t.Errorf("given up after %v, want 40 s", took)
		}
		p.want(ws.OpPing, "")
	})
}

// A server that slowly takes a long message is alive, although it says nothing meanwhile.
func TestSlowUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		p := s.accept()
		defer p.conn.Close()
		want(t, c, client.State{Phase: client.Connected})
		c.TrySend(recado.Binary, make([]byte, 1<<20))
		buffer := make([]byte, 64<<10)
		for range 16 {
			time.Sleep(25 * time.Second)
			if _, err := io.ReadFull(p.conn, buffer); err != nil {
				t.Fatalf("the client gave up: %v", err)
			}
		}
		start := time.Now() // now it stops taking anything
		want(t, c, client.Lost{Uncertain: 1})
		if err := wantReconnecting(t, c, 250*time.Millisecond, 1); !errors.Is(err, client.ErrSilent) {
			t.Errorf("the reason is %v, want ErrSilent", err)
		}
		if took := time.Since(start); took > 70*time.Second {
			t.Errorf("given up after %v", took)
		}
	})
}
