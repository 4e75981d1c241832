package client_test

import (
	"bytes"
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
	v1 "recado/internal/protocol/v1"
)

func TestFinish(t *testing.T) {
	tests := map[string]struct {
		server func(p *peer) // after the last acknowledgement
		within time.Duration
	}{
		"orderly": {
			func(p *peer) { p.wantClose(recado.CloseNormal); p.close(recado.CloseNormal, ""); p.conn.Close() }, 0,
		},
		"no answer to the close frame": {func(p *peer) { p.wantClose(recado.CloseNormal) }, 10 * time.Second},
		"cut after the close frame":    {func(p *peer) { p.wantClose(recado.CloseNormal); p.conn.Close() }, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, p, c := connected(t, client.Config{})
				go drain(c)
				try(t, c, "last")
				start := time.Now()
				finished := make(chan error, 1)
				go func() { finished <- c.Finish(t.Context()) }()
				id := p.publish("last")
				synctest.Wait()
				if len(finished) > 0 || len(p.frames) > 0 {
					t.Error("the client did not wait for the acknowledgement")
				}
				p.tell(v1.Ack{ID: id, Seq: 11, Prev: 10})
				tt.server(p)
				if err := <-finished; err != nil {
					t.Errorf("Finish() = %v", err)
				}
				if took := time.Since(start); took != tt.within {
					t.Errorf("Finish() took %v, want %v", took, tt.within)
				}
				if _, err := c.Send(t.Context(), text("")); !errors.Is(err, client.ErrClosed) {
					t.Errorf("Send() after Finish() = %v, want ErrClosed", err)
				}
				if _, err := c.History(t.Context(), recado.Position{}, 0); !errors.Is(err, client.ErrClosed) {
					t.Errorf("History() after Finish() = %v, want ErrClosed", err)
				}
			})
		})
	}
}

// Finish waits for a connection when something is not acknowledged, and for nothing otherwise.
func TestFinishOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{})
		try(t, c, "perhaps")
		id := p.publish("perhaps")
		p.conn.Close()
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		finished := make(chan error, 1)
		go func() { finished <- c.Finish(t.Context()) }()
		p = s.back(t, c)
		go drain(c)
		if again := p.publish("perhaps"); again != id {
			t.Errorf("sent again under the id %s, want %s", again, id)
		}
		p.tell(v1.Ack{ID: id, Seq: 9, Prev: 8, Duplicate: true})
		p.wantClose(recado.CloseNormal)
		p.close(recado.CloseNormal, "")
		if err := <-finished; err != nil {
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

// What expires is waited for no longer, connected or not.
func TestFinishWhenAllHasExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{OutboxAge: 45 * time.Second})
		go drain(c)
		try(t, c, "a")
		p.publish("a")
		start := time.Now()
		go func() {
			p.wantClose(recado.CloseNormal)
			p.close(recado.CloseNormal, "")
		}()
		var lost *client.LostError
		if err := c.Finish(t.Context()); !errors.As(err, &lost) || lost.Uncertain != 1 || time.Since(start) != 45*time.Second {
			t.Errorf("Finish() = %v after %v, want one in doubt after 45 s", err, time.Since(start))
		}
	})
}

func TestFinishGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := opened(t, client.Config{})
		try(t, c, "never")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go drain(c)
		if err := c.Finish(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Finish() = %v, want the context's error", err)
		}
	})
}

// Finish says what was lost, also long before.
func TestFinishWithLosses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{})
		a, b, third := try(t, c, "a"), try(t, c, "b"), try(t, c, "c")
		p.publish("a")
		p.tell(&v1.Error{ID: b, Code: "message_too_big", Message: "b"})
		wantLost(t, c, b, client.ErrTooBig)
		p.conn.Close()
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		p, _ = s.accept()
		w := hello
		w.Position = recado.Position{Epoch: "n"}
		p.tell(w)
		want(t, c, client.State{Phase: client.Connected})
		wantLost(t, c, a, client.ErrUncertain)
		wantLost(t, c, third, client.ErrUncertain)
		go func() {
			p.wantClose(recado.CloseNormal)
			p.close(recado.CloseNormal, "")
		}()
		go drain(c)
		var lost *client.LostError
		if err := c.Finish(t.Context()); !errors.As(err, &lost) || lost.Unsent != 1 || lost.Uncertain != 2 {
			t.Errorf("Finish() = %v, want 1 that was not sent and 2 in doubt", err)
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
		conn := <-s.dials
		defer conn.Close()
		upgrader := ws.Upgrader{Protocol: func([]byte) bool { return true }}
		upgrader.Upgrade(conn)
		conn.Write(compiled(hello))
		want(t, c, client.State{Phase: client.Connected})
		try(t, c, string(bytes.Repeat([]byte("x"), 60_000)))
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
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		go func() {
			for i := range uint64(200) { // which nobody takes
				frame, _ := said(11+i, "x")
				p.tell(frame)
			}
		}()
		synctest.Wait()
		c.Close()
	})
}

// While connections break, every message gets its place exactly once and in order, whether its acknowledgement was
// lost or the message itself.
func TestExactlyOnce(t *testing.T) {
	const messages = 2000
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		acks := make(chan int, 1)
		go func() {
			n := 0
			for e := range c.Events() {
				switch e := e.(type) {
				case client.Ack:
					n++
				case client.Lost:
					t.Errorf("lost: %v", e.Err)
				}
			}
			acks <- n
		}()
		room := &memory{t: t, seq: 10}
		go func() {
			for cut := 100; ; cut += 150 {
				p, h := s.accept()
				if p == nil {
					return
				}
				room.serve(p, h, cut)
			}
		}()
		for i := range messages {
			if _, err := c.Send(t.Context(), text(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Finish(t.Context()); err != nil {
			t.Errorf("Finish() = %v", err)
		}
		close(s.dials)
		if n := <-acks; n != messages {
			t.Errorf("%d acknowledgements, want %d", n, messages)
		}
		if len(room.texts) != messages {
			t.Fatalf("%d messages in the room, want %d", len(room.texts), messages)
		}
		for i, text := range room.texts {
			if text != fmt.Sprint(i) {
				t.Fatalf("message %d is %s", i, text)
			}
		}
	})
}

// A memory is a room of which every connection breaks after a while, mostly with acknowledgements unread.
type memory struct {
	t     *testing.T
	seq   uint64
	texts []string
	acks  []v1.Ack // of all that is stored
}

func (m *memory) serve(p *peer, h v1.Hello, cut int) {
	w := hello
	var missed []v1.Ack
	if h.Since != (recado.Position{}) {
		w.Position, w.Recovered = h.Since, true
		missed = m.acks[h.Since.Seq-10:]
		w.Replay = len(missed)
	}
	p.tell(w)
	for _, a := range missed {
		p.tell(a)
	}
	for f := range p.frames {
		if f.op == ws.OpClose {
			p.close(recado.CloseNormal, "")
			return
		}
		command, err := v1.DecodeCommand([]byte(f.payload))
		publish, is := command.(v1.Publish)
		if err != nil || !is {
			m.t.Errorf("the client wrote %s, %v", f.payload, err)
			return
		}
		m.seq++
		ack := v1.Ack{ID: publish.ID, Seq: m.seq, Prev: m.seq - 1}
		m.texts, m.acks = append(m.texts, string(publish.Content.Data)), append(m.acks, ack)
		if len(m.texts) >= cut {
			p.conn.Close()
			return
		}
		if len(m.texts) < cut-20 {
			p.tell(ack)
		}
	}
}

type readWriter struct {
	io.Reader
	io.Writer
}
