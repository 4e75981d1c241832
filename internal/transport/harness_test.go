package transport_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
	"recado/internal/transport"
)

// patience bounds each wait for the network; only a failing test gets near it.
const patience = 20 * time.Second

// upgrade is the request that opens a connection, with the key of RFC 6455, section 1.3.
const upgrade = "GET /lobby HTTP/1.1\r\n" +
	"Host: localhost\r\n" +
	"Upgrade: websocket\r\n" +
	"Connection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Version: 13\r\n\r\n"

// upgradeKey and upgradeAccept belong together.
const (
	upgradeKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	upgradeAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// A server serves WebSocket connections on a loopback port: /room joins that room, with echo, name, session and
// since as the query says.
type server struct {
	*transport.Transport

	address string
	open    func(ctx context.Context, network, address string) (net.Conn, error)
	log     *logBook
	rooms   atomic.Int64 // that echo has used
}

// newServer starts a server over a memory broker; at the test's end it must stop by itself.
func newServer(t *testing.T, c transport.Config) *server {
	t.Helper()
	return newServerOver(t, memory.New(c.Limits), c)
}

func newServerOver(t *testing.T, b recado.Broker, c transport.Config) *server {
	t.Helper()
	return newServerOn(t, b, c, (*httptest.Server).Start)
}

// everySocket runs a test over plain sockets, and over TLS.
func everySocket(t *testing.T, c transport.Config, test func(t *testing.T, s *server)) {
	t.Helper()
	t.Run("plain", func(t *testing.T) { test(t, newServer(t, c)) })
	t.Run("TLS", func(t *testing.T) { test(t, newServerOn(t, memory.New(c.Limits), c, (*httptest.Server).StartTLS)) })
}

func newServerOn(t *testing.T, b recado.Broker, c transport.Config, start func(*httptest.Server)) *server {
	t.Helper()
	s := &server{log: &logBook{changed: make(chan struct{})}}
	c.Log = slog.New(slog.NewTextHandler(s.log, nil))
	s.Transport = transport.New(hub.New(b, c.Limits), c).Portable()
	web := httptest.NewUnstartedServer(s)
	start(web)
	s.address, s.open = web.Listener.Addr().String(), new(net.Dialer).DialContext
	if web.TLS != nil {
		s.open = (&tls.Dialer{Config: web.Client().Transport.(*http.Transport).TLSClientConfig}).DialContext
	}
	t.Cleanup(func() {
		web.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx, recado.CloseGoingAway); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
		if n := s.Len(); n != 0 {
			t.Errorf("Len() after Close = %d, want 0", n)
		}
	})
	return s
}

// ServeHTTP joins, or answers a refusal with its status, its headers and its code as the body.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	after, _ := recado.ParsePosition(q.Get("since"))
	err := s.Serve(w, r, transport.Join{
		Room: strings.TrimPrefix(r.URL.Path, "/"), Loopback: true, Echo: q.Has("echo"),
		Name: q.Get("name"), Session: q.Get("session"), Replay: q.Has("since"), After: after,
	})
	var refusal *recado.Refusal
	switch {
	case errors.As(err, &refusal):
		for key, value := range refusal.Header {
			w.Header().Set(key, value)
		}
		http.Error(w, refusal.Code, refusal.Status)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// A peer is a client that sends and sees bytes, not messages.
type peer struct {
	net.Conn

	in         *bufio.Reader
	answer     *http.Response // to the handshake
	window     int            // bits, once deflate was negotiated
	compressed int            // frames so far
}

// connect opens a TCP connection, which is given up after patience.
func (s *server) connect(t *testing.T) *peer {
	t.Helper()
	conn, err := s.open(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { _ = conn.Close() })
	return &peer{Conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}
}

// join opens a WebSocket connection to the path, with more header lines and with bytes right behind the request.
func (s *server) join(t *testing.T, path, header, behind string) *peer {
	t.Helper()
	p := s.connect(t)
	request := strings.Replace(upgrade, "/lobby", path, 1)
	p.send(t, strings.TrimSuffix(request, "\r\n")+header+"\r\n"+behind)
	p.readAnswer(t)
	if p.answer.StatusCode != http.StatusSwitchingProtocols || p.answer.Header.Get("Sec-WebSocket-Accept") != upgradeAccept {
		t.Fatalf("handshake answered with %s %v", p.answer.Status, p.answer.Header)
	}
	return p
}

// echo joins a room of its own that sends everything back.
func (s *server) echo(t *testing.T) *peer {
	t.Helper()
	return s.join(t, fmt.Sprintf("/alone-%d?echo", s.rooms.Add(1)), "", "")
}

func (p *peer) readAnswer(t *testing.T) {
	t.Helper()
	answer, err := http.ReadResponse(p.in, nil)
	if err != nil {
		t.Fatalf("answer to the handshake: %v", err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	p.answer = answer
}

func (p *peer) send(t *testing.T, data string) {
	t.Helper()
	if _, err := io.WriteString(p, data); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// sendChopped writes data in chunks of that size, each a TCP segment of its own (0: all in one). It is for a
// goroutine beside the test's own; that the server has closed is for the reader to find.
func (p *peer) sendChopped(data string, size int) {
	if size == 0 {
		size = len(data)
	}
	for len(data) > 0 {
		n := min(size, len(data))
		if _, err := io.WriteString(p, data[:n]); err != nil {
			return
		}
		data = data[n:]
	}
}

// expect reads frames, shown as show does.
func (p *peer) expect(t *testing.T, wants ...string) {
	t.Helper()
	for i, want := range wants {
		got, err := p.next()
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Fatalf("frame %d is %s, want %s", i+1, got, want)
		}
	}
}

// expectEnd expects that nothing more comes, and that the server ended the connection in order.
func (p *peer) expectEnd(t *testing.T) {
	t.Helper()
	if got, err := p.next(); !errors.Is(err, io.EOF) {
		t.Fatalf("after the close: %q, %v, want the connection's end", got, err)
	}
}

// A probe is what a client sends and what it must get back. When that is not the end, a close handshake
// shows that the connection is still sound.
type probe struct {
	send string
	want []string
}

// run makes each probe on connections of its own: sent at once, and chopped into chunks of the sizes.
func (s *server) run(t *testing.T, probes map[string]probe, sizes ...int) {
	t.Helper()
	for name, p := range probes {
		for _, size := range append(sizes, 0) {
			t.Run(fmt.Sprintf("%s/chopped=%d", name, size), func(t *testing.T) { p.on(t, s.echo(t), size) })
		}
	}
}

func (b probe) on(t *testing.T, p *peer, size int) {
	t.Helper()
	send, want := b.send, b.want
	if n := len(want); n == 0 || !strings.HasPrefix(want[n-1], "close") {
		send += closing(1000, "")
		want = append(want[:n:n], "close 1000")
	}
	var writing sync.WaitGroup
	writing.Go(func() { p.sendChopped(send, size) })
	defer writing.Wait()
	defer p.Close()
	p.expect(t, want...)
	p.expectEnd(t)
}

// A logBook keeps the log's lines and lets a test wait for one.
type logBook struct {
	mu      sync.Mutex // guards what follows
	lines   []string
	changed chan struct{} // closed and replaced with each line
}

// Write takes one line.
func (b *logBook) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, string(line))
	close(b.changed)
	b.changed = make(chan struct{})
	return len(line), nil
}

// wait waits for a line that has all the parts.
func (b *logBook) wait(t *testing.T, parts ...string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		b.mu.Lock()
		changed, lines := b.changed, b.lines
		b.mu.Unlock()
		for _, line := range lines {
			if containsAll(line, parts) {
				return
			}
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("no line with %q in the log:\n%s", parts, strings.Join(lines, ""))
		}
	}
}

func containsAll(s string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(s, part) {
			return false
		}
	}
	return true
}
