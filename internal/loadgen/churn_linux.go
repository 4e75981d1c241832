package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/gobwas/ws"
)

// comings bounds the connections that come and go at the same time. When so many do, the next waits, and its wait
// counts as part of its join.
const comings = 64

// A churn is connections that join and leave again beside the load, at even distances. They hear what the room says
// meanwhile, and what they hear is not counted.
type churn struct {
	dialer *dialer
	gap    time.Duration
	first  int // number of the first one

	cancel  context.CancelFunc
	workers sync.WaitGroup

	mu     sync.Mutex // guards what follows
	took   *hdrhistogram.Histogram
	failed int64
	err    error // the first one
}

// startChurn goes on until stop is called.
func startChurn(ctx context.Context, d *dialer, perSecond float64, first int) *churn {
	c := &churn{
		dialer: d, gap: time.Duration(float64(time.Second) / perSecond), first: first,
		took: hdrhistogram.New(1000, int64(time.Hour), 3),
	}
	ctx, c.cancel = context.WithCancel(ctx)
	due := make(chan join)
	for range comings {
		c.workers.Go(func() {
			for j := range due {
				c.note(j, c.visit(j.number))
			}
		})
	}
	c.workers.Go(func() {
		defer close(due)
		c.schedule(ctx, due)
	})
	return c
}

// A join is due at a time.
type join struct {
	number int
	at     time.Time
}

func (c *churn) schedule(ctx context.Context, due chan<- join) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	start := time.Now()
	for i := 0; ; i++ {
		at := start.Add(time.Duration(i) * c.gap)
		timer.Reset(time.Until(at))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		select {
		case due <- join{c.first + i, at}:
		case <-ctx.Done():
			return
		}
	}
}

// reset forgets what was until now, when the warm-up is over.
func (c *churn) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took.Reset()
	c.failed, c.err = 0, nil
}

// stop waits for those who are still there.
func (c *churn) stop() {
	c.cancel()
	c.workers.Wait()
}

// result is what came since reset.
func (c *churn) result() *Churn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &Churn{Joins: hdrhistogram.Import(c.took.Export()), Failed: c.failed, Err: c.err}
}

func (c *churn) note(j join, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		err = c.took.RecordValue(int64(time.Since(j.at)))
	}
	if err != nil {
		c.failed++
		if c.err == nil {
			c.err = err
		}
	}
}

// visit joins, waits until the server has taken it in, and leaves.
func (c *churn) visit(number int) error {
	var m member
	defer m.close()
	if err := c.dialer.dial(&m, number); err != nil {
		return err
	}
	if m.http { // the answer says that it is in
		return nil
	}
	s := socket{fd: m.fd, deadline: time.Now().Add(c.dialer.timeout)}
	if _, err := s.Write(frameHeader(ws.OpPing, 0, true)); err != nil {
		return err
	}
	from := bufio.NewReader(io.MultiReader(bytes.NewReader(m.partial), s))
	for {
		header, err := ws.ReadHeader(from)
		switch {
		case err != nil:
			return err
		case header.OpCode == ws.OpPong:
			return nil
		case header.OpCode == ws.OpClose:
			payload := make([]byte, min(header.Length, ws.MaxControlFramePayloadSize))
			if _, err := io.ReadFull(from, payload); err != nil {
				return err
			}
			return closedError(payload)
		}
		if _, err := io.CopyN(io.Discard, from, header.Length); err != nil {
			return err
		}
	}
}
