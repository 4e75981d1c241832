package transport

import (
	"bytes"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
)

// A burst does not run over those who read: who says it is held to their pace, but not to less than 1 MiB a second
// while as many keep up as lag. Who reads more slowly than that is a slow reader, and holds nobody up for long.
func TestBurst(t *testing.T) {
	const count, size = 8 << 10, 1 << 10
	const quarter = 250 * time.Millisecond // in which the rest of a queue is full at 1 MiB a second
	for name, tt := range map[string]struct {
		each time.Duration // that one of the readers takes for a message
		all  bool          // it gets all of them
		took time.Duration // by the sender, at most
	}{
		"nobody lags":       {0, true, quarter},
		"4 MiB/s are read":  {size * time.Second / (4 << 20), true, 2*time.Second + quarter},
		"64 KiB/s are read": {size * time.Second / (64 << 10), false, quarter},
		"nothing is read":   {time.Hour, false, quarter},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, recado.Limits{PingInterval: recado.Off}, func(t *testing.T, w *Transport) {
				t.Helper()
				sender, quick, slow := pipeClient(t, w), pipeClient(t, w), pipeClient(t, w)
				heard, read := quick.count(count, 0), slow.count(count, tt.each)
				began := time.Now()
				for i := range count {
					sender.send(ws.OpBinary, numbered(i, size))
				}
				if n := <-heard; n != count {
					t.Errorf("who reads at once got %d messages, want all %d", n, count)
				}
				if took := time.Since(began); took > tt.took {
					t.Errorf("who reads at once had the last message after %v, want %v at most", took, tt.took)
				}
				if n := <-read; (n == count) != tt.all {
					t.Errorf("the other got %d messages of %d, want all: %v", n, count, tt.all)
				}
				for _, c := range []*client{sender, quick, slow} {
					_ = c.conn.Close()
				}
			})
		})
	}
}

// Who has read what there was is not waited for any more, whatever comes next.
func TestCaughtUp(t *testing.T) {
	bubble(t, recado.Limits{PingInterval: recado.Off}, func(t *testing.T, w *Transport) {
		t.Helper()
		const count = 150
		sender, reader, quick := pipeClient(t, w), pipeClient(t, w), pipeClient(t, w)
		heard := quick.count(count+1, 0)
		for i := range count {
			sender.send(ws.OpBinary, numbered(i, 1<<10)) // more than a quarter of a queue
		}
		time.Sleep(time.Second) // all is said
		reader.wantNumbered(count)
		synctest.Wait()
		began := time.Now()
		sender.send(ws.OpBinary, numbered(0, 64<<10))
		reader.wantNumbered(1)
		if took := time.Since(began); took != 0 {
			t.Errorf("the next message came after %v, want at once", took)
		}
		for _, c := range []*client{sender, quick, reader} {
			_ = c.conn.Close()
		}
		<-heard
	})
}

// Two that talk and do not read wait for each other, but not when the server has closed both.
func TestEndedIsNotWaitedFor(t *testing.T) {
	bubble(t, recado.Limits{PingInterval: recado.Off, QueueStall: time.Hour}, func(t *testing.T, w *Transport) {
		t.Helper()
		var talking sync.WaitGroup
		for _, c := range []*client{pipeClient(t, w), pipeClient(t, w)} {
			talking.Go(func() {
				for i := range 100 { // more than a quarter of a queue
					c.send(ws.OpBinary, numbered(i, 1<<10))
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		if err := w.Close(t.Context(), recado.CloseGoingAway); err != nil {
			t.Errorf("Close = %v", err)
		}
		if took, limit := time.Since(began), w.limits.Load().CloseTimeout; took > limit {
			t.Errorf("Close took %v, want %v at most", took, limit)
		}
		talking.Wait()
	})
}

// count reads up to n numbered messages, taking its time for each, and tells how many have come in order.
func (c *client) count(n int, each time.Duration) <-chan int {
	got := make(chan int, 1)
	go func() {
		for i := range n {
			op, p, err := c.read()
			if err != nil || op != ws.OpBinary || !bytes.Equal(p, numbered(i, len(p))) {
				got <- i
				return
			}
			time.Sleep(each)
		}
		got <- n
	}()
	return got
}
