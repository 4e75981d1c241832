package storm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"recado"
	"recado/client"
	"recado/internal/storm"
)

// A goClient is a program that uses the package client.
type goClient struct {
	t          *testing.T
	name, room string
	book       *book
	client     *client.Client
	wire       *wiretap
	read       atomic.Bool // to the end
	leaving    sync.WaitGroup

	mu   sync.Mutex // guards sent, and is held while something is sent: the log has it in that order
	sent int
}

// newGoClient starts to connect.
func newGoClient(t *testing.T, name, room, url string, b *book) *goClient {
	t.Helper()
	c := &goClient{t: t, name: name, room: room, book: b, wire: newWiretap()}
	var err error
	c.client, err = client.Open(t.Context(), client.Config{
		URL: url, Name: name, Dial: c.wire.dial, Outbox: 5000,
		RetryBase: 20 * time.Millisecond, RetryMax: 300 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.write(storm.Event{Client: name, Do: storm.Join, Room: room})
	return c
}

// live takes the events until there are no more of them: it has heard the last words, or ctx has ended.
func (c *goClient) live(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { c.client.Close() })
	defer stop()
	for event := range c.client.Events() {
		switch e := event.(type) {
		case client.State:
			c.state(e)
		case client.Message:
			c.write(storm.Event{
				Do: storm.Message, Member: e.From.ID.String(), Seq: e.Position.Seq, Prev: c.wire.prev(e.Position),
				Kind: e.Kind.String(), Data: e.Data,
			})
			if isLast(e.Data) {
				c.finish(ctx)
			}
		case client.Ack:
			c.write(storm.Event{
				Do: storm.Ack, ID: e.ID, Seq: e.Position.Seq, Prev: c.wire.prev(e.Position), Duplicate: e.Duplicate,
			})
		case client.Gap:
			position := c.wire.gap(e).Position.String()
			c.write(storm.Event{Do: storm.Gap, From: e.From, To: e.To, Missed: e.Missed, Reason: e.Reason, Position: position})
		case client.Lost:
			reason := "unsent"
			if errors.Is(e.Err, client.ErrUncertain) {
				reason = "uncertain"
			}
			c.write(storm.Event{Do: storm.Lost, ID: e.ID, Reason: reason, Error: e.Err.Error()})
		case *client.ServerError:
			c.t.Errorf("%s: the server says %v", c.name, e)
		}
	}
	c.leaving.Wait()
	if c.read.Load() {
		c.write(storm.Event{Do: storm.Done})
	}
}

func (c *goClient) state(e client.State) {
	switch e.Phase {
	case client.Connected:
		w := c.wire.welcome(e)
		c.write(storm.Event{
			Do: storm.Welcome, Member: w.You.ID.String(), Position: w.Position.String(),
			Recovered: e.Recovered, Replay: e.Replay,
		})
	case client.Reconnecting:
		if errors.Is(e.Err, client.ErrResync) {
			c.t.Errorf("%s: %v", c.name, e.Err)
		}
		c.write(storm.Event{Do: storm.Close, Error: fmt.Sprint(e.Err)})
	case client.Refused:
		c.t.Errorf("%s: %v", c.name, e.Err)
	}
}

// finish lets the client go in peace; its events end with that.
func (c *goClient) finish(ctx context.Context) {
	if c.read.CompareAndSwap(false, true) {
		c.leaving.Go(func() { c.client.Finish(ctx) })
	}
}

func (c *goClient) write(e storm.Event) {
	e.Client = c.name
	c.book.write(e)
}

func (c *goClient) busy() bool    { return c.client.Waiting() > 20 }
func (c *goClient) settled() bool { return c.client.Waiting() == 0 }

// say sends one message, maybe later.
func (c *goClient) say(dice dice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent++
	kind, data := speech(c.name, c.sent, dice)
	var out client.Outgoing
	switch kind {
	case recado.JSON.String():
		out.JSON = json.RawMessage(data)
	case recado.Binary.String():
		out.Binary = data
	default:
		out.Text = string(data)
	}
	c.publish(out, kind, data)
}

// sayText sends just that.
func (c *goClient) sayText(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.publish(client.Outgoing{Text: text}, "text", []byte(text))
}

// publish needs the lock.
func (c *goClient) publish(out client.Outgoing, kind string, data []byte) {
	id, err := c.client.TrySend(out)
	switch {
	case err == nil:
		c.write(storm.Event{Do: storm.Send, ID: id, Kind: kind, Data: data})
	case !errors.Is(err, client.ErrClosed): // that would be the test's end
		c.t.Errorf("%s: %v", c.name, err)
	}
}
