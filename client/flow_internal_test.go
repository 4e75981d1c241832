package client

import (
	"testing"
	"time"
)

func TestFlow(t *testing.T) {
	now := time.Unix(0, 0)
	f := newFlow()
	if payload, wait := f.ping(now, false); payload != nil || wait != 0 {
		t.Fatal("a ping without a message")
	}
	f.wrote(10, 1000)
	first, _ := f.ping(now, false)
	if first == nil {
		t.Fatal("no ping after the first messages")
	}
	f.wrote(5, 500)
	if payload, wait := f.ping(now.Add(time.Second), false); payload != nil || wait != 0 {
		t.Error("a second ping before the pong")
	}
	f.pong([]byte("someone's"), now)
	f.pong(nil, now)
	if n := f.unconfirmed(); n != 15 {
		t.Errorf("%d unconfirmed after pongs that mean nothing, want 15", n)
	}
	f.pong(first, now.Add(time.Millisecond))
	if n := f.unconfirmed(); n != 5 {
		t.Errorf("%d unconfirmed after the first pong, want 5", n)
	}
	if payload, _ := f.ping(now.Add(time.Millisecond), false); payload == nil {
		t.Error("no ping after the next messages")
	}
	f.pong(first, now)
	if n := f.unconfirmed(); n != 5 {
		t.Errorf("an old pong confirmed something: %d unconfirmed, want 5", n)
	}
}

// Fifty pings may follow each other at once, then ten a second, and the last one of a connection at any time.
func TestPingPace(t *testing.T) {
	now := time.Unix(0, 0)
	f := newFlow()
	ping := func(last bool) (sent bool, wait time.Duration) {
		f.wrote(1, 1)
		payload, wait := f.ping(now, last)
		f.pong(payload, now)
		return payload != nil, wait
	}
	for range 2 { // the burst comes back after a quiet time
		for i := range 50 {
			if sent, _ := ping(false); !sent {
				t.Fatalf("ping %d has to wait", i+1)
			}
		}
		for range 20 {
			if sent, wait := ping(false); sent || wait != 100*time.Millisecond {
				t.Fatalf("after the burst: sent %t, wait %v, want a wait of 100 ms", sent, wait)
			}
			now = now.Add(100 * time.Millisecond)
			if sent, _ := ping(false); !sent {
				t.Fatal("no ping after the wait")
			}
		}
		if sent, _ := ping(true); !sent {
			t.Error("the last ping waits")
		}
		now = now.Add(time.Minute)
	}
}

func TestFlowWindow(t *testing.T) {
	now := time.Unix(0, 0)
	f := newFlow()
	round := func(took time.Duration) int {
		now = now.Add(time.Second)
		f.wrote(1, 1)
		payload, _ := f.ping(now, false)
		now = now.Add(took)
		f.pong(payload, now)
		messages, _ := f.room()
		return messages
	}
	for i, tt := range []struct {
		took time.Duration
		want int
	}{
		{time.Millisecond, 512},
		{time.Millisecond, 1024},
		{500 * time.Millisecond, 1024},
		{2 * time.Second, 512},
	} {
		if got := round(tt.took); got != tt.want {
			t.Errorf("round %d: after a pong in %v the window is %d, want %d", i, tt.took, got, tt.want)
		}
	}
	for range 20 {
		round(time.Millisecond)
	}
	if got := round(0); got != maxWindow {
		t.Errorf("the window grows to %d, want %d", got, maxWindow)
	}
	for range 20 {
		round(time.Minute)
	}
	if got := round(time.Minute); got != minWindow {
		t.Errorf("the window shrinks to %d, want %d", got, minWindow)
	}
	f.wrote(1, 1<<20)
	if _, size := f.room(); size > 0 {
		t.Errorf("room for %d bytes behind a big message, want none", size)
	}
}

func TestBackoff(t *testing.T) {
	tests := map[string]struct {
		random float64
		hint   time.Duration
		want   []time.Duration
	}{
		"least":     {0, 0, []time.Duration{0, 0, 0}},
		"middle":    {0.5, 0, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second}},
		"hint":      {0.5, time.Second, []time.Duration{1250 * time.Millisecond, 1500 * time.Millisecond}},
		"huge hint": {0, time.Hour, []time.Duration{5 * time.Minute}},
		"long outage": {1, 0, []time.Duration{
			500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second,
			30 * time.Second, 30 * time.Second,
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := backoff{base: 500 * time.Millisecond, limit: 30 * time.Second, random: func() float64 { return tt.random }}
			for range 2 {
				for i, want := range tt.want {
					if got := b.next(tt.hint); got != want {
						t.Errorf("wait %d = %v, want %v", i+1, got, want)
					}
				}
				b.reset()
			}
			b.attempt = 1 << 40
			if got := b.next(0); got > 30*time.Second {
				t.Errorf("the wait after very many attempts is %v", got)
			}
		})
	}
}
