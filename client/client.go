// Package client keeps a Go program in a room of a Recado server, over recado.v1: it connects, publishes, receives,
// and comes back by itself when the connection is lost, without losing or repeating anything that the server still
// has.
//
//	room, err := client.Dial(ctx, client.Config{URL: "ws://localhost:8765/ops", Name: "deploy"})
//	if err != nil {
//		return err
//	}
//	defer room.Close()
//	for event := range room.Events() {
//		switch event := event.(type) {
//		case client.Message:
//			fmt.Printf("%s: %s\n", event.From.Name, event.Data)
//		case client.Gap:
//			fmt.Println("messages are missing:", event.Missed)
//		}
//	}
//
// # What it promises
//
// Each stored message of the room comes exactly once and in the room's order, across all reconnections. What the
// server can no longer send is told as a [Gap], never left out in silence.
//
// What is published is kept until the server acknowledges it, and sent again after an outage under the same id, by
// which the server recognises it: it is in the room once, in the order of the calls. Only when the server has lost
// its history, or somebody else has taken our session, is a message [ErrUncertain]; the client never sends such a
// one again.
//
// Somebody must take the [Client.Events], or Config.NoEvents be set. Who takes them may call every method meanwhile,
// except Finish.
//
// It knows nothing of screens and languages.
package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"recado"
	v1 "recado/internal/protocol/v1"
)

// Config says where to connect, and how. Only URL is required.
type Config struct {
	URL  string // ws, wss, http or https; its path is the room, "/" the lobby
	Name string // what the others see; default: a name that the server makes

	Token    string          // shows the server who we are; not needed while it is open to all
	Session  string          // the secret of a member that goes on, from Client.Session; default: a new member
	Since    recado.Position // go on behind this message; zero: begin with what is said from now on
	History  int             // how many messages of before come first, as a Page; not with Since
	Echo     bool            // the client's own messages come as events too
	NoEvents bool            // for who only publishes: there are no events

	Header http.Header // added to the handshake's request
	TLS    *tls.Config // for wss; default: the system's certificates

	HandshakeTimeout time.Duration // for connecting, TLS, the handshake and the welcome together; default 10 s
	PingInterval     time.Duration // silence of the server before a ping; default 30 s
	PingTimeout      time.Duration // silence after that ping before the connection is given up; default 10 s
	CloseTimeout     time.Duration // for the server to answer a close; default 10 s

	RetryBase   time.Duration // the first wait before a new attempt is random, up to this; default 0.5 s
	RetryMax    time.Duration // the random wait doubles at every attempt, up to this; default 30 s
	StableAfter time.Duration // a connection that lasted this long starts the waits anew; default 10 s

	Outbox    int           // messages that may wait for their acknowledgement; default 50
	OutboxAge time.Duration // how long one may wait; default and at most 10 min, as long as servers recognise it

	// Dial makes the network connection; default: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Random is uniform in [0, 1); default: rand.Float64. It spreads the attempts of many clients.
	Random func() float64
}

const maxOutboxAge = 10 * time.Minute

func (c Config) withDefaults() Config {
	c.HandshakeTimeout = cmp.Or(c.HandshakeTimeout, 10*time.Second)
	c.PingInterval = cmp.Or(c.PingInterval, 30*time.Second)
	c.PingTimeout = cmp.Or(c.PingTimeout, 10*time.Second)
	c.CloseTimeout = cmp.Or(c.CloseTimeout, 10*time.Second)
	c.RetryBase = cmp.Or(c.RetryBase, 500*time.Millisecond)
	c.RetryMax = cmp.Or(c.RetryMax, 30*time.Second)
	c.StableAfter = cmp.Or(c.StableAfter, 10*time.Second)
	c.Outbox = cmp.Or(c.Outbox, 50)
	c.OutboxAge = min(cmp.Or(c.OutboxAge, maxOutboxAge), maxOutboxAge)
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	return c
}

// A Client is a member of one room for as long as it is open. Its methods may be called concurrently.
type Client struct {
	config   Config
	target   *url.URL
	room     *room
	feed     *feed
	expiring chan struct{} // of capacity 1: messages may have waited too long
	retry    chan struct{} // of capacity 1: do not wait for the next attempt
	first    chan error    // of capacity 1: what became of the first attempt
	cancel   context.CancelFunc
	done     chan struct{} // closed when run has returned

	mu    sync.Mutex // guards ended
	ended error      // why the client ended, when nobody asked for it
}

// Dial connects, and returns when the client is in the room. Its error wraps ErrURL or recado.ErrName, is a
// *RefusedError, or says what else became of this first attempt. From then on the client is as Open's.
func Dial(ctx context.Context, c Config) (*Client, error) {
	client, err := Open(ctx, c)
	if err != nil {
		return nil, err
	}
	if err = <-client.first; err != nil {
		client.Close() //nolint:errcheck // it is nil
		return nil, cmp.Or(ctx.Err(), err)
	}
	return client, nil
}

// Open starts to connect and returns at once; Events tells how that goes, and what is published waits. Its error
// wraps ErrURL or recado.ErrName. The client lives until Close, Finish, a refusal by the server, or the end of ctx.
func Open(ctx context.Context, c Config) (*Client, error) {
	target, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	if c.Name != "" {
		if c.Name, err = recado.CleanName(c.Name); err != nil {
			return nil, fmt.Errorf("name of the client: %w", err)
		}
	}
	c = c.withDefaults()
	ctx, cancel := context.WithCancel(ctx)
	client := &Client{
		config:   c,
		target:   target,
		feed:     newFeed(c.NoEvents),
		expiring: make(chan struct{}, 1),
		retry:    make(chan struct{}, 1),
		first:    make(chan error, 1),
		cancel:   cancel,
		done:     make(chan struct{}),
	}
	client.room = &room{
		wake:     make(chan struct{}, 1),
		hello:    v1.Hello{Name: c.Name, Token: c.Token, Session: c.Session, History: c.History, Echo: c.Echo},
		position: c.Since,
		outbox:   newOutbox(c.Outbox, c.OutboxAge, func() { signal(client.expiring) }),
	}
	go client.run(ctx)
	return client, nil
}

// URL is the address that the client connects to, with the scheme ws or wss.
func (c *Client) URL() string { return c.target.String() }

// Events are to be received until the channel is closed, which is the client's end. A client whose events nobody
// takes soon reads nothing more from its connection, and the server will disconnect it as too slow. While a method
// waits for an answer, up to 8,192 events with 4 MiB are kept.
func (c *Client) Events() <-chan Event { return c.feed.out }

// Position is that of the last stored message which the events have brought, or are about to bring. To go on there
// in another run of the program, rather keep the Position of the last message that was dealt with.
func (c *Client) Position() recado.Position {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	return c.room.position
}

// Session is the secret by which the server recognises this member, for Config.Session in another run of the
// program; "" before the first connection.
func (c *Client) Session() string {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	return c.room.hello.Session
}

// Limits are those that the server has announced; zero before the first connection.
func (c *Client) Limits() Limits {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	return c.room.limits
}

// Waiting is the number of messages that are not acknowledged.
func (c *Client) Waiting() int {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	return len(c.room.outbox.open)
}

// Retry makes the next attempt to connect at once, if the client is waiting for it.
func (c *Client) Retry() { signal(c.retry) }

// Finish ends the client when the server has acknowledged everything: it waits for a connection if there is none,
// for the acknowledgements, for the server's answer to the close frame, and then for the end of the Events, which
// somebody must receive meanwhile. When ctx ends first, it closes the client and returns ctx.Err().
// A *LostError says that messages were lost, now or earlier; a *RefusedError that the server does not want us.
func (c *Client) Finish(ctx context.Context) error {
	c.room.finish()
	var cut error
	select {
	case <-c.done:
	case <-ctx.Done():
		cut = ctx.Err()
		c.cancel()
		<-c.done
	}
	c.mu.Lock()
	ended := c.ended
	c.mu.Unlock()
	c.room.mu.Lock()
	lost := c.room.lost
	c.room.mu.Unlock()
	switch {
	case ended != nil:
		return ended
	case cut != nil:
		return cut
	case lost.Uncertain > 0 || lost.Unsent > 0:
		return &lost
	}
	return nil
}

// Close ends the client now: it tells the server, waits for its answer for up to a second, and gives up what is
// in the outbox. It may be called again.
func (c *Client) Close() error {
	c.room.finish()
	c.cancel()
	<-c.done
	return nil
}
