package transport

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"recado"
	"recado/internal/hub"
	"recado/internal/protocol/raw"
	v1 "recado/internal/protocol/v1"
)

// WebSocketConfig is what NewWebSocket needs.
type WebSocketConfig struct {
	Limits   recado.Limits
	Compress bool         // accept offers of permessage-deflate
	Log      *slog.Logger // default: nothing is logged
	Observer Observer     // nil for none
}

// A WebSocket accepts the WebSocket connections of one server and serves them as members of the hub's rooms.
type WebSocket struct {
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

// NewWebSocket makes a WebSocket that lives until Close.
func NewWebSocket(h *hub.Hub, c WebSocketConfig) *WebSocket {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Observer == nil {
		c.Observer = unobserved{}
	}
	w := &WebSocket{
		hub: h, compress: c.Compress, log: c.Log, observer: c.Observer,
		began: time.Now(), relayed: newRelayed(c.Log), closing: make(chan struct{}),
		encodings: make(map[int]*encoding), talks: make(map[int]v1Encoding),
	}
	w.SetLimits(c.Limits)
	limits := w.limits.Load()
	for _, bits := range append([]int{0}, windows...) {
		w.encodings[bits] = newEncoding(raw.Format{}, bits, limits.CompressedFrom)
		w.talks[bits] = v1Encoding{newEncoding(v1Format{}, bits, limits.CompressedFrom)}
	}
	w.roster = newRoster(limits)
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	w.goroutines.Go(func() { w.roster.run(ctx, w.relayed.flush) })
	return w
}

// SetLimits exchanges the limits for the clients to come; pings and compression stay as they were.
func (w *WebSocket) SetLimits(l recado.Limits) {
	l = l.WithDefaults()
	w.limits.Store(&l)
}

// Len is the number of clients.
func (w *WebSocket) Len() int { return int(w.clients.Load()) }

// Open is the number of connections: the clients, and those that have left their room and are being closed.
func (w *WebSocket) Open() int { return int(w.open.Load()) }

// Serve answers a handshake and returns; the connection lives on in goroutines of its own. When it returns a
// *recado.Refusal, nothing was written and the caller answers the request.
func (w *WebSocket) Serve(rw http.ResponseWriter, r *http.Request, j Join) error {
	accepted, err := w.negotiate(r)
	if err != nil {
		return err
	}
	s, err := w.admit(func() (*session, error) { return w.begin(rw, r, j, accepted) })
	if err != nil {
		return err
	}
	w.launch(s, r, j)
	return nil
}

// Close sends code to every client and waits until all connections have ended. With recado.CloseRestart the clients
// go one after the other within limits.Drain, and those whose format can say so are told when to come back; until its
// turn has come, each talks on. When ctx ends first, the rest is cut off.
func (w *WebSocket) Close(ctx context.Context, code recado.CloseCode) error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	if code == recado.CloseRestart {
		w.drain(ctx)
	}
	w.closeOnce.Do(func() { close(w.closing) })
	for _, s := range w.roster.all() {
		s.guard(func() { s.close(code, code.Reason(), "server stops") })
	}
	w.stop()
	gone := make(chan struct{})
	go func() { // ends when the last session has
		w.goroutines.Wait()
		w.poller.close()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
	}
	for _, s := range w.roster.all() {
		s.lost("server stops")
		s.link.cut()
	}
	<-gone
	return ctx.Err()
}

// age is how long w has been there.
func (w *WebSocket) age() time.Duration { return time.Since(w.began) }

// launch logs a new client, with no lock held as writing to the log can take its time, and serves it.
func (w *WebSocket) launch(s *session, r *http.Request, j Join) {
	facts := s.named("address", r.RemoteAddr, "room", j.Room, "protocol", s.protocol(), "clients", w.Len())
	if j.Request != "" {
		facts = append(facts, "request", j.Request)
	}
	w.log.Info("client connected", facts...)
	s.link.start(w.goroutines.Done)
}

// admit makes a session of the request unless there is no place for it. The caller starts the session.
func (w *WebSocket) admit(begin func() (*session, error)) (*session, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return nil, &recado.Refusal{Code: "server_draining", Status: http.StatusServiceUnavailable, Header: retryAfter(5)}
	}
	limit := w.limits.Load().Connections
	if open := w.open.Add(1); limit != recado.Off && open > int64(limit) {
		w.open.Add(-1)
		return nil, &recado.Refusal{
			Code: "too_many_connections", Status: http.StatusServiceUnavailable, Header: retryAfter(5),
			Facts: map[string]string{"Limit": strconv.Itoa(limit)},
		}
	}
	begun := false
	defer func() {
		if !begun { // also if begin has panicked
			w.open.Add(-1)
		}
	}()
	s, err := begin()
	if err != nil {
		return nil, err
	}
	begun = true
	w.goroutines.Add(1) // for start, so that Close waits for it
	return s, nil
}

// begin joins the room, takes the connection over and answers. The member joins before the client knows that
// it is connected; until the answer is written, what it receives waits for out.mu.
func (w *WebSocket) begin(rw http.ResponseWriter, r *http.Request, j Join, a acceptance) (*session, error) {
	talks := a.subprotocol == v1.Subprotocol
	var access *recado.Access
	if !talks || j.Token != "" { // else the hello has to bring it
		var err error
		if access, err = recado.Admit(j.Authenticator, j.Token, j.Room, recado.MaySubscribe); err != nil {
			return nil, err
		}
	}
	s := w.newSession(j)
	s.wire, s.deflate = webSocketWire{}, a.windowBits > 0
	begun := false
	defer func() {
		if !begun {
			s.abandon()
		}
	}()
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	if talks {
		s.talk = &talk{room: j.Room, address: r.RemoteAddr, authenticator: j.Authenticator, encoding: w.talks[a.windowBits]}
	} else if err := s.joinRaw(r.Context(), j, access, w.encodings[a.windowBits]); err != nil {
		return nil, err
	}
	if err := s.takeOver(rw, a.response()); err != nil {
		return nil, err
	}
	s.admitted(access, j.Room)
	if s.talk != nil {
		s.awaitHello()
	} else {
		s.follow(j)
	}
	begun = true
	return s, nil
}

// newSession makes a session for that room.
func (w *WebSocket) newSession(j Join) *session {
	return &session{server: w, unlimited: j.Loopback, gone: j.Left, limits: w.limits.Load().In(j.Room)}
}

// takeOver takes the connection from net/http and answers. The caller holds out.mu.
func (s *session) takeOver(rw http.ResponseWriter, answer []byte) error {
	conn, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return err
	}
	initial, _ := buffered.Peek(buffered.Reader.Buffered())
	s.initial = append([]byte(nil), initial...)
	s.link = s.newLink(conn)
	s.server.roster.add(s)
	s.server.clients.Add(1) // before the client knows that it is one
	s.server.observer.Connected(s.protocol())
	s.respond(answer)
	return nil
}

// follow begins with the history, if that was asked for. The caller holds out.mu.
func (s *session) follow(j Join) {
	if j.Replay {
		s.out.cursor = &cursor{at: j.After, since: j.Since}
		s.startWriting()
	}
}

// protocol is what the session speaks, for the log and for statistics.
func (s *session) protocol() string {
	if s.talk != nil {
		return v1.Subprotocol
	}
	return s.wire.protocol()
}

// joinRaw makes a session a member that says no hello.
func (s *session) joinRaw(ctx context.Context, j Join, access *recado.Access, e hub.Encoding) error {
	s.returns = j.Session != ""
	s.member = hub.Member{
		ID: memberID(access, j.Session), Name: access.CalledName(j.Name), User: access.User(), Echo: j.Echo, Encoding: e, Conn: s,
	}
	err := s.server.join(ctx, j.Room, &s.member)
	switch {
	case errors.Is(err, recado.ErrRooms):
		return &recado.Refusal{
			Code: "too_many_rooms", Status: http.StatusServiceUnavailable, Header: retryAfter(60),
			Facts: map[string]string{"Limit": strconv.Itoa(s.limits.Rooms)},
		}
	case err != nil:
		return err
	case e != nil && !j.Replay:
		s.member.Attach()
	}
	s.began = s.member.Position().Seq
	return nil
}

// memberID is that of the session with this secret; without one it is of a session of its own.
func memberID(access *recado.Access, secret string) recado.MemberID {
	return access.MemberID(cmp.Or(secret, newSecret()))
}

// join makes m a member of the room, and closes the connection whose session it brings.
func (w *WebSocket) join(ctx context.Context, room string, m *hub.Member) error {
	replaced, err := w.hub.Join(ctx, room, m)
	if replaced != nil {
		code := recado.CloseReplaced
		other := replaced.Conn.(*session)
		other.guard(func() { other.close(code, code.Reason(), "another connection has brought its session") })
	}
	return err
}

func retryAfter(seconds int) map[string]string {
	return map[string]string{"Retry-After": strconv.Itoa(seconds)}
}
