package client_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"recado"
	"recado/client"
	v1 "recado/internal/protocol/v1"
)

// The promises that testdata/outbox.json states are tested in vectors_test.go.

func TestSendWaitsForSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		for i := range 50 {
			try(t, c, fmt.Sprint(i))
		}
		if _, err := c.TrySend(text("too many")); !errors.Is(err, client.ErrOutboxFull) {
			t.Errorf("the 51st message: %v, want ErrOutboxFull", err)
		}
		if n := c.Waiting(); n != 50 {
			t.Errorf("Waiting() = %d, want 50", n)
		}
		sent := make(chan error, 1)
		go func() {
			_, err := c.Send(t.Context(), text("50"))
			sent <- err
		}()
		p, _ := s.accept()
		p.tell(hello)
		want(t, c, client.State{Phase: client.Connected})
		var first string
		for i := range 50 {
			if id := p.publish(fmt.Sprint(i)); i == 0 {
				first = id
			}
		}
		synctest.Wait()
		if len(sent) > 0 {
			t.Error("Send() returned without space")
		}
		p.tell(v1.Ack{ID: first, Seq: 11, Prev: 10})
		want(t, c, client.Ack{ID: first, Receipt: client.Receipt{Position: at(11)}})
		p.publish("50")
		if err := <-sent; err != nil {
			t.Errorf("Send() = %v", err)
		}
	})
}

func TestSendGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := opened(t, client.Config{Outbox: 1})
		try(t, c, "")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Send(ctx, text("")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Send() = %v, want the context's error", err)
		}
	})
}

// Who waits for space when the client ends is told.
func TestSendWhileClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := opened(t, client.Config{Outbox: 1})
		try(t, c, "")
		sent := make(chan error, 1)
		go func() {
			_, err := c.Send(t.Context(), text(""))
			sent <- err
		}()
		synctest.Wait()
		c.Close()
		if err := <-sent; !errors.Is(err, client.ErrClosed) {
			t.Errorf("Send() = %v, want ErrClosed", err)
		}
	})
}

func TestOutboxBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := opened(t, client.Config{})
		big := make([]byte, recado.MaxMessageSize)
		if _, err := c.TrySend(client.Outgoing{Binary: big}); err != nil {
			t.Errorf("the first message, however big: %v", err)
		}
		if _, err := c.TrySend(client.Outgoing{Binary: big[:1]}); !errors.Is(err, client.ErrOutboxFull) {
			t.Errorf("one byte more: %v, want ErrOutboxFull", err)
		}
	})
}

// Each message has its own time.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.down = true
		c, err := client.Open(t.Context(), client.Config{URL: "ws://example.test", Dial: s.dial, OutboxAge: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		start := time.Now()
		a := try(t, c, "a")
		time.Sleep(7 * time.Second)
		b := try(t, c, "b")
		for lost := 0; lost < 2; {
			e, is := next(t, c).(client.Lost)
			if !is {
				continue
			}
			want := map[string]time.Duration{a: time.Minute, b: 67 * time.Second}[e.ID]
			if after := time.Since(start); !errors.Is(e.Err, client.ErrExpired) || after != want {
				t.Errorf("after %v: %+v, want %s expired after %v", after, e, e.ID, want)
			}
			lost++
		}
		time.Sleep(time.Hour)
		c1 := try(t, c, "c") // the clock runs again
		start = time.Now()
		for {
			if e, is := next(t, c).(client.Lost); is {
				if e.ID != c1 || time.Since(start) != time.Minute {
					t.Errorf("after %v: %+v", time.Since(start), e)
				}
				return
			}
		}
	})
}

// When nobody waits any more, a message that was not written is taken back; one that was may have arrived.
func TestPublishGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Publish(ctx, text("a")); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrUncertain) {
			t.Errorf("Publish() = %v, want the context's error alone", err)
		}
		p, _ := s.accept()
		p.tell(hello)
		want(t, c, client.State{Phase: client.Connected})
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Publish(ctx, text("b")); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, client.ErrUncertain) {
			t.Errorf("Publish() = %v, want the context's error and ErrUncertain", err)
		}
		id := p.publish("b") // and no "a"
		p.tell(v1.Ack{ID: id, Seq: 11, Prev: 10})
		wantQuiet(t, c)
		if c.Position() != at(11) || c.Waiting() != 0 {
			t.Errorf("Position() = %v, Waiting() = %d; want 11 and none", c.Position(), c.Waiting())
		}
	})
}

// However much there is to send, a server that acknowledges nothing has only a bounded part of it before it.
func TestInFlightIsBounded(t *testing.T) {
	for name, tt := range map[string]struct{ size, count, acks int }{
		"small": {1, 512, 256}, "big": {60_000, 4, 1}, "as big as a message may be": {65_536, 4, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, p, c := connected(t, client.Config{Outbox: 1000})
				for range 1000 {
					if _, err := c.TrySend(text(strings.Repeat("x", tt.size))); err != nil {
						break
					}
				}
				synctest.Wait()
				if n := len(p.frames); n != tt.count {
					t.Errorf("%d messages were written before the first acknowledgement, want %d", n, tt.count)
				}
				for seq := uint64(11); seq < uint64(11+tt.acks); seq++ {
					got, _ := p.command().(v1.Publish)
					p.tell(v1.Ack{ID: got.ID, Seq: seq, Prev: seq - 1})
				}
				synctest.Wait()
				if n := len(p.frames); n != tt.count {
					t.Errorf("after %d, %d more are to be acknowledged, want %d", tt.acks, n, tt.count)
				}
			})
		})
	}
}

// A program that brings its session back must not use the ids of its last run again: the server would take its
// messages for those.
func TestIDsDifferBetweenRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, one := opened(t, client.Config{Session: session})
		_, two := opened(t, client.Config{Session: session})
		if a, b := try(t, one, "a"), try(t, two, "b"); a == b {
			t.Errorf("both clients begin with the id %s", a)
		}
	})
}

// The one who takes the events may wait for an answer, whatever comes before it.
func TestPublishAmongEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		go func() {
			id := p.publish("a question")
			for i := range 1000 {
				frame, _ := said(uint64(11+i), "x")
				p.tell(frame)
			}
			p.tell(v1.Ack{ID: id, Seq: 1011, Prev: 1010})
		}()
		if receipt, err := c.Publish(t.Context(), text("a question")); err != nil || receipt.Position != at(1011) {
			t.Errorf("Publish() = %+v, %v, want position 1011", receipt, err)
		}
		for i := range 1000 {
			if m, _ := next(t, c).(client.Message); m.Position != at(uint64(11+i)) {
				t.Fatalf("event %+v, want position %d", m, 11+i)
			}
		}
	})
}

// A receiver who does not take events stops the reading: the server sees it, and nothing grows.
func TestEventsAreBounded(t *testing.T) {
	tests := map[string]struct {
		calling        bool
		size           int
		atLeast, limit uint64 // messages that are read
	}{
		"nobody asks":                 {false, 1, 4096, 4500},
		"somebody does":               {true, 1, 8192, 8600},
		"somebody does, they are big": {true, 60_000, 70, 250},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, p, c := connected(t, client.Config{})
				if tt.calling {
					go c.Publish(t.Context(), text("unanswered"))
					synctest.Wait()
				}
				go func() {
					for i := uint64(11); ; i++ {
						frame, _ := said(i, strings.Repeat("x", tt.size))
						if _, err := p.conn.Write(compiled(frame)); err != nil {
							return
						}
					}
				}()
				synctest.Wait()
				before := c.Position().Seq - 10
				time.Sleep(time.Minute)
				if after := c.Position().Seq - 10; before != after || after < tt.atLeast || after > tt.limit {
					t.Errorf("the client has read %d, then %d, want %d to %d", before, after, tt.atLeast, tt.limit)
				}
				if _, is := next(t, c).(client.Message); !is {
					t.Error("no message")
				}
			})
		})
	}
}

func TestEphemeral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		typing := client.Outgoing{Event: "typing", Ephemeral: true}
		if receipt, err := c.Publish(t.Context(), typing); err != nil || receipt != (client.Receipt{}) {
			t.Errorf("Publish() = %+v, %v, want no position", receipt, err)
		}
		if got, _ := p.command().(v1.Publish); !got.Ephemeral || got.Event != "typing" {
			t.Errorf("published %+v, want an ephemeral message", got)
		}
		if n := c.Waiting(); n != 0 {
			t.Errorf("Waiting() = %d, want 0", n)
		}
		p.conn.Close()
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		if _, err := c.Publish(t.Context(), typing); !errors.Is(err, client.ErrOffline) {
			t.Errorf("Publish() = %v, want ErrOffline", err)
		}
	})
}
