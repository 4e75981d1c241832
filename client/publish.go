package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"recado"
	v1 "recado/internal/protocol/v1"
)

const eventCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:"

// An Outgoing is a message to the room: Text, unless JSON or Binary is not nil.
type Outgoing struct {
	Text   string // valid UTF-8; empty is a message too
	JSON   any    // is marshalled; a json.RawMessage is sent as it is, only compacted
	Binary []byte

	Event     string // what an application calls this kind of message: up to 64 of A-Z a-z 0-9 _ - . :
	Ephemeral bool   // for those who are there, such as "is typing": not kept, not acknowledged, not sent later
}

// Publish sends a message and waits until it has its place in the room, through outages if there are any. An
// ephemeral one has none: Publish waits until it is on its way.
//
// The message did not arrive when the error wraps ErrContent, ErrTooBig, ErrExpired, ErrOffline, ErrClosed, or is a
// *ServerError. It may have when the error wraps ErrUncertain. When ctx ends first, a message that was not written
// yet is taken back; for one that was, the error wraps ErrUncertain and ctx.Err().
func (c *Client) Publish(ctx context.Context, o Outgoing) (Receipt, error) {
	ended := make(chan result, 1)
	m, err := c.add(ctx, o, ended)
	if err != nil {
		return Receipt{}, err
	}
	defer c.feed.call()()
	select {
	case r := <-ended:
		return r.receipt, r.err
	case <-ctx.Done():
		c.room.withdraw(m, ctx.Err())
	}
	r := <-ended
	return r.receipt, r.err
}

// Send hands a message over to be sent, waiting for space in the outbox, and returns the id that its Ack, or its
// Lost, will have. Messages keep their order; many may be under way at once. Finish waits for them all.
// The error wraps ErrContent, ErrTooBig, ErrOffline or ErrClosed, or is ctx.Err().
func (c *Client) Send(ctx context.Context, o Outgoing) (id string, err error) {
	m, err := c.add(ctx, o, nil)
	if err != nil {
		return "", err
	}
	return m.id, nil
}

// TrySend is Send for those who cannot wait: when the outbox is full it returns ErrOutboxFull.
func (c *Client) TrySend(o Outgoing) (id string, err error) {
	p, err := o.command()
	if err != nil {
		return "", err
	}
	m, _, err := c.room.publish(p, nil)
	if err != nil {
		return "", err
	}
	return m.id, nil
}

// Discard takes a message of Send or TrySend back that was never sent: it has no Lost and no Ack. False means that it
// may have been sent, or is settled.
func (c *Client) Discard(id string) bool { return c.room.discard(id) }

// add puts a message into the outbox, when there is space.
func (c *Client) add(ctx context.Context, o Outgoing, ended chan<- result) (*outgoing, error) {
	p, err := o.command()
	if err != nil {
		return nil, err
	}
	m, space, err := c.room.publish(p, ended)
	if !errors.Is(err, ErrOutboxFull) {
		return m, err
	}
	defer c.feed.call()()
	for errors.Is(err, ErrOutboxFull) {
		select {
		case <-space:
			m, space, err = c.room.publish(p, ended)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return m, err
}

// command checks a message and makes the frame's content of it.
func (o *Outgoing) command() (v1.Publish, error) {
	p := v1.Publish{Event: o.Event, Ephemeral: o.Ephemeral}
	switch {
	case o.JSON != nil && o.Binary != nil, o.Text != "" && (o.JSON != nil || o.Binary != nil):
		return p, fmt.Errorf("%w: more than one content", ErrContent)
	case len(o.Event) > 64 || strings.Trim(o.Event, eventCharacters) != "":
		return p, fmt.Errorf("%w: the event %.80q", ErrContent, o.Event)
	case o.JSON != nil:
		var data bytes.Buffer
		to := json.NewEncoder(&data)
		to.SetEscapeHTML(false) // who gets it as text would read \u003c
		if err := to.Encode(o.JSON); err != nil {
			return p, fmt.Errorf("%w: %w", ErrContent, err)
		}
		p.Content = v1.Content{Kind: recado.JSON, Data: bytes.TrimSuffix(data.Bytes(), []byte("\n"))}
	case o.Binary != nil:
		p.Content = v1.Content{Kind: recado.Binary, Data: o.Binary}
	case !utf8.ValidString(o.Text):
		return p, fmt.Errorf("%w: the text is not valid UTF-8", ErrContent)
	default:
		p.Content = v1.Content{Kind: recado.Text, Data: []byte(o.Text)}
	}
	return p, nil
}
