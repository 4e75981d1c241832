// Package client keeps a Go program in a room of a Recado server, or of any server that relays raw WebSocket
// frames: it connects, sends, receives, and comes back by itself when the connection is lost.
//
// # What it promises
//
// The raw protocol has no acknowledgements and no history. What is sent is written to at most one connection,
// so that nothing arrives twice; what others say while there is no connection is missed.
// A WebSocket ping that follows the messages tells, when its pong arrives, that the server has read them.
// Messages whose connection ended before that are reported as [Lost]: they may have arrived or not.
//
// It knows nothing of screens and languages.
package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"recado"
)

// What Open, Send and Finish may return, besides the error of their context.
var (
	ErrURL        = errors.New("not the address of a room")
	ErrClosed     = errors.New("the client is closed")
	ErrOutboxFull = errors.New("the outbox is full")
	ErrTooBig     = errors.New("the message is too big")
	ErrNotUTF8    = errors.New("the text is not valid UTF-8")
)

// Config says where to connect, and how. Only URL is required.
type Config struct {
	URL    string      // ws, wss, http or https; its path is the room, "/" the lobby
	Header http.Header // added to the handshake's request
	TLS    *tls.Config // for wss; default: the system's certificates

	MessageSize      int           // of one message, sent or received, in bytes; default recado.MaxMessageSize
	HandshakeTimeout time.Duration // for connecting, TLS and the handshake together; default 10 s
	PingInterval     time.Duration // silence of the server before a ping; default 30 s
	PingTimeout      time.Duration // silence after that ping before the connection is given up; default 10 s
	CloseTimeout     time.Duration // for the server to answer a close; default 10 s

	RetryBase   time.Duration // the first wait before a new attempt is random, up to this; default 0.5 s
	RetryMax    time.Duration // the random wait doubles at every attempt, up to this; default 30 s
	StableAfter time.Duration // a connection that lasted this long starts the waits anew; default 10 s

	Outbox    int           // messages that may wait to be sent; default 50
	OutboxAge time.Duration // how long one may wait without a connection; default 10 min

	// Dial makes the network connection; default: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Random is uniform in [0, 1); default: rand.Float64. It spreads the attempts of many clients.
	Random func() float64
}

func (c Config) withDefaults() Config {
	c.MessageSize = cmp.Or(c.MessageSize, recado.MaxMessageSize)
	c.HandshakeTimeout = cmp.Or(c.HandshakeTimeout, 10*time.Second)
	c.PingInterval = cmp.Or(c.PingInterval, 30*time.Second)
	c.PingTimeout = cmp.Or(c.PingTimeout, 10*time.Second)
	c.CloseTimeout = cmp.Or(c.CloseTimeout, 10*time.Second)
	c.RetryBase = cmp.Or(c.RetryBase, 500*time.Millisecond)
	c.RetryMax = cmp.Or(c.RetryMax, 30*time.Second)
	c.StableAfter = cmp.Or(c.StableAfter, 10*time.Second)
	c.Outbox = cmp.Or(c.Outbox, 50)
	c.OutboxAge = cmp.Or(c.OutboxAge, 10*time.Minute)
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	return c
}

// eventsAhead is how many events wait for the receiver before the connection does, so that the two do not have
// to take turns for each.
const eventsAhead = 32

// A Client is a member of one room for as long as it is open. Its methods may be called concurrently.
type Client struct {
	config Config
	target *url.URL
	outbox *outbox
	events chan Event
	retry  chan struct{} // of capacity 1: do not wait for the next attempt
	cancel context.CancelFunc
	done   chan struct{} // closed when run has returned

	mu     sync.Mutex // guards what follows
	lost   Lost       // since the client was opened
	broken error      // why there was no connection, when that happened last
	ended  error      // why it ended, when nobody asked for it
}

// Open starts to connect and returns at once; Events tells how that goes. Its error wraps ErrURL.
// The client lives until Close, Finish, a refusal by the server, or the end of ctx.
func Open(ctx context.Context, c Config) (*Client, error) {
	target, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	c = c.withDefaults()
	ctx, cancel := context.WithCancel(ctx)
	client := &Client{
		config: c,
		target: target,
		outbox: newOutbox(c.Outbox, c.OutboxAge),
		events: make(chan Event, eventsAhead),
		retry:  make(chan struct{}, 1),
		cancel: cancel,
		done:   make(chan struct{}),
	}
	go client.run(ctx)
	return client, nil
}

// URL is the address that the client connects to, with the scheme ws or wss.
func (c *Client) URL() string { return c.target.String() }

// Events are to be received until the channel is closed, which is the client's end. A client whose events
// nobody takes soon reads nothing more from its connection; the server will disconnect it as too slow.
func (c *Client) Events() <-chan Event { return c.events }

// Send hands one message over to be sent, waiting for room in the outbox. It returns before the message is on
// its way; see Finish. The client keeps data: do not change it afterwards.
func (c *Client) Send(ctx context.Context, kind recado.Kind, data []byte) error {
	if err := c.check(kind, data); err != nil {
		return err
	}
	for {
		changed, err := c.outbox.add(kind, data)
		if !errors.Is(err, ErrOutboxFull) {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TrySend is Send for those who cannot wait: when the outbox is full it returns ErrOutboxFull.
func (c *Client) TrySend(kind recado.Kind, data []byte) error {
	if err := c.check(kind, data); err != nil {
		return err
	}
	_, err := c.outbox.add(kind, data)
	return err
}

// Waiting is the number of messages that wait in the outbox.
func (c *Client) Waiting() int { return c.outbox.len() }

// Retry makes the next attempt to connect at once, if the client is waiting for it.
func (c *Client) Retry() {
	select {
	case c.retry <- struct{}{}:
	default: // already asked
	}
}

// Finish ends the client when the server has read everything that was sent: it waits for a connection if there
// is none, for the server's confirmation, and for its answer to the close frame, and then for the end of the
// Events, which somebody must receive meanwhile. When ctx ends first, it closes the client and returns ctx.Err().
// A *LostError says that messages were lost, now or earlier; a *RefusedError that the server does not want us.
func (c *Client) Finish(ctx context.Context) error {
	c.outbox.finish()
	var cut error
	select {
	case <-c.done:
	case <-ctx.Done():
		cut = ctx.Err()
		c.cancel()
		<-c.done
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended != nil:
		return c.ended
	case cut != nil:
		return cut
	case c.lost != Lost{}:
		return &LostError{Lost: c.lost, Err: c.broken}
	}
	return nil
}

// Close ends the client now: it tells the server, waits for its answer for up to a second, and lets what
// is still in the outbox go. It may be called again.
func (c *Client) Close() error {
	c.outbox.finish()
	c.cancel()
	<-c.done
	return nil
}

func (c *Client) check(kind recado.Kind, data []byte) error {
	return checkMessage(kind, data, c.config.MessageSize)
}

// emit hands e to whoever receives the events, unless the client is ending.
func (c *Client) emit(ctx context.Context, e Event) {
	select {
	case c.events <- e:
	case <-ctx.Done():
	}
}

// report tells of lost messages and remembers them for Finish.
func (c *Client) report(ctx context.Context, lost Lost) {
	if lost == (Lost{}) {
		return
	}
	c.mu.Lock()
	c.lost.Uncertain += lost.Uncertain
	c.lost.Unsent += lost.Unsent
	c.mu.Unlock()
	c.emit(ctx, lost)
}
