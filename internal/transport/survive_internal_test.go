package transport

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// A brokenWire can frame nothing of its own.
type brokenWire struct{ wire }

func (brokenWire) ping() []byte                            { panic("no ping") }
func (brokenWire) goodbye(recado.CloseCode, string) []byte { panic("no goodbye") }

// A brokenLink breaks when it is written to.
type brokenLink struct{ link }

func (brokenLink) write(*directWriter, []byte) (int, error) { panic("no socket") }

// A brokenConn breaks when it is written to, once it is told to.
type brokenConn struct {
	net.Conn

	broken *atomic.Bool
}

func (c brokenConn) Write(p []byte) (int, error) {
	if c.broken.Load() {
		panic("no writing")
	}
	return c.Conn.Write(p)
}

// A brokenHistory breaks when it is read.
type brokenHistory struct{ recado.Broker }

func (brokenHistory) ReadAfter(context.Context, string, recado.Position, int) (recado.Page, error) {
	panic("no history")
}

// A brokenObserver breaks over everything.
type brokenObserver struct{ unobserved }

func (brokenObserver) Connected(string)                      { panic("no connections") }
func (brokenObserver) Disconnected(string, recado.CloseCode) { panic("no ends") }

// inBubble is bubble with what newWebSocket makes, and its log.
func inBubble(t *testing.T, b recado.Broker, c Config, scene func(t *testing.T, w *Transport, log *syncBuffer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := new(syncBuffer)
		c.Log = slog.New(slog.NewTextHandler(log, nil))
		w := New(hub.New(b, c.Limits), c)
		scene(t, w, log)
		if err := w.Close(t.Context(), recado.CloseGoingAway); err != nil || w.Open() != 0 || w.Len() != 0 {
			t.Errorf("Close = %v with %d connections and %d clients left", err, w.Open(), w.Len())
		}
	})
}

// otherThan returns the other one's session, of two.
func otherThan(w *Transport, s *session) *session {
	for _, other := range w.roster.all() {
		if other != s {
			return other
		}
	}
	return nil
}

func (c *client) wantGone(why string) {
	c.t.Helper()
	if _, err := io.ReadAll(c.in); err != nil {
		c.t.Errorf("%s: %v, want the end", why, err)
	}
	_ = c.conn.Close()
}

// wantLife expects that the two hear each other.
func wantLife(t *testing.T, a, b *client) {
	t.Helper()
	a.say("alive?")
	if _, p, err := b.read(); err != nil || string(p) != "alive?" {
		t.Errorf("read %q, %v, want the other's text", p, err)
	}
}

// breakWire breaks what frames for a session, under the locks that those who use it take.
func breakWire(w *Transport, s *session) {
	w.roster.mu.Lock()
	defer w.roster.mu.Unlock()
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.wire = brokenWire{s.wire}
}

// A session that breaks when the roster, a timer, a stop or a message of somebody else's touches it ends alone.
func TestPanicOfASession(t *testing.T) {
	for name, scene := range map[string]struct {
		limits recado.Limits
		touch  func(ana *client)
	}{
		"the roster pings": {recado.Limits{PingInterval: time.Second, PingTimeout: time.Minute}, func(ana *client) {
			if op, _, err := ana.read(); op != ws.OpPing || err != nil {
				ana.t.Errorf("read %v, %v, want a ping", op, err)
			}
			ana.send(ws.OpPong, nil)
		}},
		"its token expires": {recado.Limits{PingInterval: recado.Off}, func(*client) { time.Sleep(2 * time.Minute) }},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, memory.New(recado.Limits{}), Config{Limits: scene.limits}, func(t *testing.T, w *Transport, log *syncBuffer) {
				t.Helper()
				ana := pipeClient(t, w)
				first := w.roster.all()[0]
				soon := guard{"short": {Expires: time.Now().Add(time.Minute)}}
				beto := pipeClientOf(t, w, Join{Room: "ops", Token: "short", Authenticator: soon})
				breakWire(w, otherThan(w, first))
				scene.touch(ana)
				beto.wantGone(name)
				wantLife(t, ana, pipeClient(t, w))
				if !strings.Contains(log.String(), "session panicked") || !strings.Contains(log.String(), "survive_internal_test.go") {
					t.Errorf("no panic with its stack in the log:\n%s", log)
				}
				_ = ana.conn.Close()
			})
		})
	}
}

// What waits for a client is written on a goroutine of its own; so is what it reads of the history.
func TestPanicInTheBacklog(t *testing.T) {
	b := memory.New(recado.Limits{})
	limits := recado.Limits{PingInterval: recado.Off}
	inBubble(t, brokenHistory{b}, Config{Limits: limits}, func(t *testing.T, w *Transport, log *syncBuffer) {
		t.Helper()
		ana := pipeClient(t, w)
		pipeClientOf(t, w, Join{Room: "ops", Replay: true}).wantGone("history")
		near, far := pipe(t)
		broken := new(atomic.Bool)
		_ = w.Serve(hijacked{httptest.NewRecorder(), brokenConn{far, broken}}, handshake(t), Join{Room: "ops"})
		beto := &client{t: t, conn: near, in: bufio.NewReader(near)}
		if _, err := http.ReadResponse(beto.in, nil); err != nil { //nolint:bodyclose // there is none
			t.Fatal(err)
		}
		synctest.Wait()
		broken.Store(true)
		ana.say("oi")
		beto.wantGone("write")
		wantLife(t, ana, pipeClient(t, w))
		for _, part := range []string{`panic="no history"`, `panic="no writing"`} {
			if !strings.Contains(log.String(), part) {
				t.Errorf("no %s in the log:\n%s", part, log)
			}
		}
		_ = ana.conn.Close()
	})
}

// A publisher writes to the sockets of the others; one of which that breaks is none of its business.
func TestPanicInAFlush(t *testing.T) {
	for _, n := range []int{3, 20} { // many are written to in another way
		r := startRelay(t, recado.Limits{})
		first := r.dial(t)
		r.url += "/?name=broken"
		broken := r.dial(t)
		r.url = strings.TrimSuffix(r.url, "?name=broken")
		clients := []*client{first}
		for range n - 2 {
			clients = append(clients, r.dial(t))
		}
		broken.send(ws.OpPing, nil)
		if op, _, err := broken.read(); op != ws.OpPong || err != nil { // its session is under way
			t.Fatal(op, err)
		}
		r.waitFor(t, "all clients", func() bool { return r.Len() == n })
		for _, s := range r.roster.all() {
			if s.member.Name == "broken" {
				s.out.mu.Lock()
				s.link = brokenLink{s.link}
				s.out.mu.Unlock()
			}
		}
		for i, text := range []string{"oi", "alive?"} {
			clients[i].say(text)
			for j, c := range clients {
				if i == j {
					continue
				}
				if _, p, err := c.read(); err != nil || string(p) != text {
					t.Errorf("read %q, %v, want %q in spite of the broken one", p, err, text)
				}
			}
		}
		r.waitFor(t, "the end of the broken one", func() bool { return r.Len() == n-1 && strings.Contains(r.log.String(), "no socket") })
	}
}

// A handshake that breaks leaves nothing behind, and a session whose end breaks does end.
func TestPanicInTheObserver(t *testing.T) {
	observer := brokenObserver{}
	inBubble(t, memory.New(recado.Limits{}), Config{Observer: observer}, func(t *testing.T, w *Transport, _ *syncBuffer) {
		t.Helper()
		near, far := pipe(t)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed: nobody would know")
				}
			}()
			_ = w.Serve(hijacked{httptest.NewRecorder(), far}, handshake(t), Join{Room: "ops"})
		}()
		if n, err := near.Read(make([]byte, 1)); err == nil {
			t.Errorf("read %d bytes, want the end", n)
		}
		if w.Open() != 0 || w.Len() != 0 || w.hub.Rooms() != 0 || len(w.roster.all()) != 0 {
			t.Errorf("%d connections, %d clients, %d rooms are left", w.Open(), w.Len(), w.hub.Rooms())
		}
		w.observer = endless{observer}
		ana := pipeClient(t, w)
		_ = ana.conn.Close()
		synctest.Wait()
	})
}

// An endless observer breaks over ends only.
type endless struct{ brokenObserver }

func (endless) Connected(string) {}

// A stop, slow or not, reaches all the others.
func TestPanicInAStop(t *testing.T) {
	for _, code := range []recado.CloseCode{recado.CloseRestart, recado.CloseGoingAway} {
		bubble(t, recado.Limits{PingInterval: recado.Off}, func(t *testing.T, w *Transport) {
			t.Helper()
			clients := []*client{pipeClient(t, w), pipeClient(t, w), pipeClient(t, w)}
			breakWire(w, w.roster.all()[1])
			go func() { _ = w.Close(t.Context(), code) }()
			said := 0
			for _, c := range clients {
				if op, _, err := c.read(); err == nil && op == ws.OpClose {
					said++
				}
				_ = c.conn.Close()
			}
			if said != 2 {
				t.Errorf("%d were told of %d, want 2", said, code)
			}
		})
	}
}
