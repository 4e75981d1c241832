package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"recado"
)

// run keeps the client in the room until it ends.
func (c *Client) run(ctx context.Context) {
	defer close(c.done)
	var feeding sync.WaitGroup
	feeding.Go(func() { c.feed.run(ctx, c.expiring, c.room.expire) })
	c.stay(ctx)
	c.attempted(ErrClosed) // if it ended before the first attempt
	c.feed.put(ctx, c.room.end(ErrClosed)...)
	c.feed.close()
	feeding.Wait()
	c.cancel()
}

// stay connects, serves the connection, and connects again.
func (c *Client) stay(ctx context.Context) {
	retries := backoff{base: c.config.RetryBase, limit: c.config.RetryMax, random: c.config.Random}
	c.feed.put(ctx, State{Phase: Connecting})
	for ctx.Err() == nil {
		err := c.connect(ctx, &retries)
		c.attempted(err)
		lost, drain := c.room.leave(err)
		c.feed.put(ctx, lost...)
		if ctx.Err() != nil || c.room.finished() {
			return
		}
		if refused, is := errors.AsType[*RefusedError](err); is {
			c.refuse(ctx, refused)
			return
		}
		wait := retries.after(err, drain)
		c.feed.put(ctx, State{Phase: Reconnecting, Err: err, Wait: wait, Attempt: retries.attempt})
		if !c.pause(ctx, wait) {
			return
		}
	}
}

// connect makes one attempt and serves the connection to its end. It always returns an error: why there is none.
func (c *Client) connect(ctx context.Context, retries *backoff) error {
	start := time.Now()
	conn, early, err := c.dial(ctx)
	if err != nil {
		return err
	}
	var since time.Time // the welcome
	err = newConnection(conn, start, c.config, c.room).run(ctx, early, func(events []Event) {
		if len(events) > 0 && isConnected(events[0]) {
			since = time.Now()
			c.attempted(nil)
		}
		c.feed.put(ctx, events...)
	})
	if !since.IsZero() && time.Since(since) >= c.config.StableAfter {
		retries.reset()
	}
	if closed, is := errors.AsType[*CloseError](err); is && refuses(closed.Code) {
		return &RefusedError{Close: closed.Code, Code: closed.Reason}
	}
	return err
}

func isConnected(e Event) bool {
	state, is := e.(State)
	return is && state.Phase == Connected
}

// attempted tells Dial what became of the first attempt; err is nil if it led into the room.
func (c *Client) attempted(err error) {
	select {
	case c.first <- err:
	default:
	}
}

// refuses tells the close codes after which another attempt is of no use: an operator or the room's rules do not
// want this client.
func refuses(code recado.CloseCode) bool { return code >= 4500 && code <= 4504 || code == 4506 }

// refuse ends the client because the server does not want it.
func (c *Client) refuse(ctx context.Context, refused *RefusedError) {
	c.mu.Lock()
	c.ended = refused
	c.mu.Unlock()
	c.feed.put(ctx, c.room.end(fmt.Errorf("%w: %w", ErrClosed, refused))...)
	c.feed.put(ctx, State{Phase: Refused, Err: refused})
}

// pause waits for the next attempt, or for Retry. False means that there is no need for one any more.
func (c *Client) pause(ctx context.Context, wait time.Duration) bool {
	select {
	case <-c.retry: // asked for while there was a connection
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for !c.room.finished() {
		select {
		case <-timer.C:
			return true
		case <-c.retry:
			return true
		case <-ctx.Done():
			return false
		case <-c.room.wake:
		}
	}
	return false
}
