package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/client"
)

func TestFinish(t *testing.T) {
	tests := map[string]struct {
		server func(p *peer) // after the last message
		want   error
		within time.Duration
	}{
		"orderly": {
			func(p *peer) { p.wantClose(recado.CloseNormal); p.close(recado.CloseNormal, ""); p.conn.Close() },
			nil, 0,
		},
		"no answer to the close frame": {
			func(p *peer) { p.wantClose(recado.CloseNormal) },
			nil, 10 * time.Second,
		},
		"cut after the close frame": {
			func(p *peer) { p.wantClose(recado.CloseNormal); p.conn.Close() },
			nil, 0,
		},
		"cut before the confirmation": {
			func(p *peer) { p.mute.Store(true); p.want(ws.OpText, "last"); p.conn.Close() },
			&client.LostError{Lost: client.Lost{Uncertain: 1}, Err: io.EOF}, 0,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, p, c := connected(t, client.Config{})
				p.mute.Store(name == "cut before the confirmation")
				go drain(c)
				c.TrySend(recado.Text, []byte("last"))
				go tt.server(p)
				start := time.Now()
				err := c.Finish(t.Context())
				if fmt.Sprint(err) != fmt.Sprint(tt.want) {
					t.Errorf("Finish() = %v, want %v", err, tt.want)
				}
				if took := time.Since(start); took != tt.within {
					t.Errorf("Finish() took %v, want %v", took, tt.within)
				}
				if err := c.Send(t.Context(), recado.Text, nil); !errors.Is(err, client.ErrClosed) {
					t.Errorf("Send() after Finish() = %v, want ErrClosed", err)
				}
			})
		})
	}
}

// Finish waits for a connection when something is left to send, and for nothing otherwise.
func TestFinishOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{})
		p.conn.Close()
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		c.TrySend(recado.Text, []byte("later"))
		go drain(c)
		done := make(chan error, 1)
		go func() { done <- c.Finish(t.Context()) }()
		p = s.accept()
		defer p.conn.Close()
		go p.listen()
		p.want(ws.OpText, "later")
		p.wantClose(recado.CloseNormal)
		p.close(recado.CloseNormal, "")
		if err := <-done; err != nil {
			t.Errorf("Finish() = %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		p.conn.Close()
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		go drain(c)
		if err := c.Finish(t.Context()); err != nil {
			t.Errorf("Finish() with nothing to send = %v", err)
		}
	})
}

func TestFinishGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := opened(t, client.Config{})
		c.TrySend(recado.Text, []byte("never"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go drain(c)
		if err := c.Finish(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Finish() = %v, want the context's error", err)
		}
	})
}

func TestClose(t *testing.T) {
	tests := map[string]struct {
		server func(p *peer)
		within time.Duration
	}{
		"answered":   {func(p *peer) { p.wantClose(recado.CloseNormal); p.close(recado.CloseNormal, "") }, 0},
		"unanswered": {func(p *peer) { p.wantClose(recado.CloseNormal) }, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, p, c := connected(t, client.Config{})
				go tt.server(p)
				start := time.Now()
				c.Close()
				c.Close()
				if took := time.Since(start); took != tt.within {
					t.Errorf("Close() took %v, want %v", took, tt.within)
				}
				if _, open := <-c.Events(); open {
					t.Error("an event after Close()")
				}
			})
		})
	}
}

// A server that takes nothing cannot hold Close up, nor one that nobody has called yet.
func TestCloseWhileBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		p := s.accept()
		defer p.conn.Close()
		want(t, c, client.State{Phase: client.Connected})
		c.TrySend(recado.Text, bytes.Repeat([]byte("x"), 100_000))
		synctest.Wait()
		start := time.Now()
		c.Close()
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("Close() took %v", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		synctest.Wait()
		c.Close() // during the handshake
		(<-s.dials).Close()
	})
}

// Whatever is sent while connections break arrives in order and never twice, and what is missing is counted.
func TestNothingTwice(t *testing.T) {
	const messages = 2000
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		lost := make(chan int, 1)
		go func() {
			n := 0
			for e := range c.Events() {
				if l, isLost := e.(client.Lost); isLost {
					n += l.Uncertain + l.Unsent
				}
			}
			lost <- n
		}()
		stop, received := make(chan struct{}), make(chan []string, 1)
		go func() {
			var all []string
			defer func() { received <- all }()
			for cut := 100; ; cut += 150 {
				p := s.acceptUnless(stop)
				if p == nil {
					return
				}
				go p.listen()
				for f := range p.frames {
					if f.op == ws.OpText {
						all = append(all, f.payload)
					}
					if f.op == ws.OpClose || len(all) == cut {
						p.conn.Close()
					}
				}
			}
		}()
		for i := range messages {
			if err := c.Send(t.Context(), recado.Text, fmt.Appendf(nil, "%05d", i)); err != nil {
				t.Fatal(err)
			}
		}
		var lostError *client.LostError
		if err := c.Finish(t.Context()); !errors.As(err, &lostError) {
			t.Errorf("Finish() = %v, want losses", err)
		}
		close(stop)
		all, missing := <-received, <-lost
		if !slices.IsSorted(all) || len(slices.Compact(all)) != len(all) {
			t.Error("messages arrived twice or out of order")
		}
		if len(all) < messages-missing {
			t.Errorf("%d of %d messages arrived, and %d were reported as lost", len(all), messages, missing)
		}
		if missing == 0 {
			t.Error("no message was reported as lost")
		}
	})
}
