// Package transport keeps the connections: the WebSocket sessions, their keepalive, and the bounded queues of
// those who read slowly. It knows nothing of brokers, and of wire formats only how to ask for a payload.
package transport

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"recado"
	"recado/internal/hub"
	"recado/internal/protocol/raw"
)

// Config is what New needs.
type Config struct {
	Limits   recado.Limits
	Compress bool         // accept offers of permessage-deflate
	Log      *slog.Logger // default: nothing is logged
	Observer Observer     // nil for none
}

// A Transport takes the connections of one server over from net/http, WebSockets and streams, and serves them as members
// of the hub's rooms.
type Transport struct {
	hub      *hub.Hub
	limits   atomic.Pointer[recado.Limits]
	compress bool
	log      *slog.Logger
	observer Observer

	began     time.Time
	relayed   *relayed
	encodings map[int]*encoding  // raw, by bits of the deflate window; 0 is not compressed
	talks     map[int]v1Encoding // recado.v1, likewise

	poller     poller
	portable   bool         // do without the poller, as other systems do
	open       atomic.Int64 // connections
	clients    atomic.Int64 // of them in a room
	roster     *roster
	stop       context.CancelFunc
	closing    chan struct{}
	closeOnce  sync.Once
	goroutines sync.WaitGroup

	mu     sync.RWMutex // held for reading while a session begins, so that Close sees all of them
	closed bool         // guarded by mu
}

// New makes a Transport that lives until Close.
func New(h *hub.Hub, c Config) *Transport {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Observer == nil {
		c.Observer = unobserved{}
	}
	t := &Transport{
		hub: h, compress: c.Compress, log: c.Log, observer: c.Observer,
		began: time.Now(), relayed: newRelayed(c.Log), closing: make(chan struct{}),
		encodings: make(map[int]*encoding), talks: make(map[int]v1Encoding),
	}
	t.SetLimits(c.Limits)
	limits := t.limits.Load()
	for _, bits := range append([]int{0}, windows...) {
		t.encodings[bits] = newEncoding(raw.Format{}, bits, limits.CompressedFrom)
		t.talks[bits] = v1Encoding{newEncoding(v1Format{}, bits, limits.CompressedFrom)}
	}
	t.roster = newRoster(limits)
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	t.goroutines.Go(func() { t.roster.run(ctx, t.relayed.flush) })
	return t
}

// SetLimits exchanges the limits for the clients to come; pings and compression stay as they were.
func (t *Transport) SetLimits(l recado.Limits) {
	l = l.WithDefaults()
	t.limits.Store(&l)
}

// Len is the number of clients.
func (t *Transport) Len() int { return int(t.clients.Load()) }

// Open is the number of connections: the clients, and those that have left their room and are being closed.
func (t *Transport) Open() int { return int(t.open.Load()) }

// Close sends code to every client and waits until all connections have ended. With recado.CloseRestart the clients
// go one after the other within limits.Drain, and those whose format can say so are told when to come back; until its
// turn has come, each talks on. When ctx ends first, the rest is cut off.
func (t *Transport) Close(ctx context.Context, code recado.CloseCode) error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	if code == recado.CloseRestart {
		t.drain(ctx)
	}
	t.closeOnce.Do(func() { close(t.closing) })
	for _, s := range t.roster.all() {
		s.guard(func() { s.close(code, code.Reason(), "server stops") })
	}
	t.stop()
	gone := make(chan struct{})
	go func() { // ends when the last session has
		t.goroutines.Wait()
		t.poller.close()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
	}
	for _, s := range t.roster.all() {
		s.lost("server stops")
		s.link.cut()
	}
	<-gone
	return ctx.Err()
}

// age is how long w has been there.
func (t *Transport) age() time.Duration { return time.Since(t.began) }

// launch logs a new client, with no lock held as writing to the log can take its time, and serves it.
func (t *Transport) launch(s *session, r *http.Request, j Join) {
	facts := s.named("address", r.RemoteAddr, "room", j.Room, "protocol", s.protocol(), "clients", t.Len())
	if j.Request != "" {
		facts = append(facts, "request", j.Request)
	}
	t.log.Info("client connected", facts...)
	s.link.start(t.goroutines.Done)
}

// admit makes a session of the request unless there is no place for it. The caller starts the session.
func (t *Transport) admit(begin func() (*session, error)) (*session, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed {
		return nil, &recado.Refusal{Code: "server_draining", Status: http.StatusServiceUnavailable, Header: retryAfter(5)}
	}
	limit := t.limits.Load().Connections
	if open := t.open.Add(1); limit != recado.Off && open > int64(limit) {
		t.open.Add(-1)
		return nil, &recado.Refusal{
			Code: "too_many_connections", Status: http.StatusServiceUnavailable, Header: retryAfter(5),
			Facts: map[string]string{"Limit": strconv.Itoa(limit)},
		}
	}
	begun := false
	defer func() {
		if !begun { // also if begin has panicked
			t.open.Add(-1)
		}
	}()
	s, err := begin()
	if err != nil {
		return nil, err
	}
	begun = true
	t.goroutines.Add(1) // for start, so that Close waits for it
	return s, nil
}
