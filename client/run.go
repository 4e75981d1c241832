package client

import (
	"context"
	"errors"
	"time"

	"recado"
)

// Close codes after which another attempt is of no use: the session is someone else's now, or an operator or
// the room's rules do not want this client.
const (
	closeReplaced     recado.CloseCode = 4003
	closeRefusedFirst recado.CloseCode = 4500
	closeRefusedLast  recado.CloseCode = 4506
)

// run connects, serves the connection, and connects again, until the client ends.
func (c *Client) run(ctx context.Context) {
	defer close(c.done)
	defer close(c.events)
	defer c.cancel()
	retries := backoff{base: c.config.RetryBase, limit: c.config.RetryMax, random: c.config.Random}
	c.emit(ctx, State{Phase: Connecting})
	for ctx.Err() == nil {
		err := c.connect(ctx, &retries)
		c.mu.Lock()
		c.broken = err
		c.mu.Unlock()
		if ctx.Err() != nil || c.outbox.finished() {
			return
		}
		if refused, is := errors.AsType[*RefusedError](err); is {
			c.refuse(ctx, refused)
			return
		}
		c.report(ctx, Lost{Unsent: c.outbox.expire()})
		var hint time.Duration
		if unavailable, is := errors.AsType[*unavailableError](err); is {
			hint = unavailable.retryAfter
		}
		wait := retries.next(hint)
		c.emit(ctx, State{Phase: Reconnecting, Err: err, Wait: wait, Attempt: retries.attempt})
		if !c.pause(ctx, wait) {
			return
		}
		c.report(ctx, Lost{Unsent: c.outbox.expire()})
	}
}

// connect makes one attempt and serves the connection to its end. It always returns an error: why there is none.
func (c *Client) connect(ctx context.Context, retries *backoff) error {
	conn, early, err := c.dial(ctx)
	if err != nil {
		return err
	}
	c.emit(ctx, State{Phase: Connected})
	since := time.Now()
	s := newSession(conn, c.config, c.outbox)
	uncertain, err := s.run(ctx, early, func(e Event) { c.emit(ctx, e) })
	if time.Since(since) >= c.config.StableAfter {
		retries.reset()
	}
	c.report(ctx, Lost{Uncertain: uncertain})
	if closed, is := errors.AsType[*CloseError](err); is && refuses(closed.Code) {
		return &RefusedError{Close: closed.Code, Code: closed.Reason}
	}
	return err
}

func refuses(code recado.CloseCode) bool {
	return code == closeReplaced || code >= closeRefusedFirst && code <= closeRefusedLast
}

// refuse ends the client because the server does not want it.
func (c *Client) refuse(ctx context.Context, refused *RefusedError) {
	c.outbox.finish()
	c.mu.Lock()
	c.ended = refused
	c.mu.Unlock()
	c.report(ctx, Lost{Unsent: len(c.outbox.take(c.outbox.len(), outboxBytes+c.config.MessageSize))})
	c.emit(ctx, State{Phase: Refused, Err: refused})
}

// pause waits for the next attempt, or for Retry. False means that there is no need for one any more.
func (c *Client) pause(ctx context.Context, wait time.Duration) bool {
	select {
	case <-c.retry: // asked for while there was a connection
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		changed := c.outbox.watch()
		if c.outbox.finished() {
			return false
		}
		select {
		case <-timer.C:
			return true
		case <-c.retry:
			return true
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}
