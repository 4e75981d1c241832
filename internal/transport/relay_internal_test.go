package transport

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// A relay is a Transport behind an HTTP server on loopback: direct writes need real sockets.
type relay struct {
	*Transport

	url  string
	http *http.Client // trusts the relay's certificate, if it has one
	log  *syncBuffer
}

// A syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func startRelay(t *testing.T, l recado.Limits) *relay {
	t.Helper()
	return startRelayOn(t, l, (*httptest.Server).Start)
}

// everySocket runs a test over plain sockets, and over TLS.
func everySocket(t *testing.T, l recado.Limits, test func(t *testing.T, r *relay)) {
	t.Helper()
	t.Run("plain", func(t *testing.T) { test(t, startRelay(t, l)) })
	t.Run("TLS", func(t *testing.T) { test(t, startRelayOn(t, l, (*httptest.Server).StartTLS)) })
}

func startRelayOn(t *testing.T, l recado.Limits, start func(*httptest.Server)) *relay {
	t.Helper()
	r := &relay{log: new(syncBuffer)}
	r.Transport = New(hub.New(memory.New(l), l), Config{
		Limits: l, Log: slog.New(slog.NewTextHandler(r.log, nil)),
	}).Portable()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		answer := r.Serve
		if q.URL.Path == "/stream" {
			answer = func(w http.ResponseWriter, q *http.Request, j Join) error { return r.Stream(w, q, j, JSONLines) }
		}
		if err := answer(w, q, Join{Room: "ops", Name: q.URL.Query().Get("name"), Loopback: true}); err != nil {
			t.Errorf("Serve = %v", err)
		}
	}))
	start(server)
	t.Cleanup(server.Close)
	r.http = server.Client()
	t.Cleanup(func() { _ = r.Close(t.Context(), recado.CloseGoingAway) }) // the context has ended: cut off
	r.url = strings.Replace(server.URL, "http", "ws", 1)
	return r
}

// A client reads frames strictly one after the other.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func (r *relay) dial(t *testing.T, protocols ...string) *client {
	t.Helper()
	dialer := ws.Dialer{
		NetDial: (&net.Dialer{}).DialContext, Protocols: protocols,
		TLSConfig: r.http.Transport.(*http.Transport).TLSClientConfig,
	}
	conn, in, _, err := dialer.Dial(t.Context(), r.url)
	if err != nil {
		t.Fatalf("Dial = %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if in == nil {
		in = bufio.NewReader(conn)
	}
	return &client{t: t, conn: conn, in: in}
}

// socket is what is below TLS, if there is TLS.
func (c *client) socket() *net.TCPConn {
	conn := c.conn
	if secured, is := conn.(*tls.Conn); is {
		conn = secured.NetConn()
	}
	return conn.(*net.TCPConn)
}

func (c *client) send(op ws.OpCode, payload []byte) {
	c.t.Helper()
	if err := ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewFrame(op, true, payload))); err != nil {
		c.t.Fatalf("send %v of %d bytes: %v", op, len(payload), err)
	}
}

func (c *client) read() (ws.OpCode, []byte, error) {
	h, err := ws.ReadHeader(c.in)
	if err != nil {
		return 0, nil, err
	}
	payload := make([]byte, h.Length)
	_, err = io.ReadFull(c.in, payload)
	return h.OpCode, payload, err
}

// numbered is a message that says which one it is.
func numbered(i, size int) []byte {
	p := bytes.Repeat([]byte{byte(i)}, max(size, 8))
	binary.BigEndian.PutUint64(p, uint64(i))
	return p
}

// wantNumbered reads messages until the last of n, which must come whole and in order.
func (c *client) wantNumbered(n int) {
	c.t.Helper()
	for i := range n {
		op, p, err := c.read()
		if err != nil || op != ws.OpBinary {
			c.t.Fatalf("read = %v, %d bytes, %v; want message %d", op, len(p), err, i)
		}
		if !bytes.Equal(p, numbered(i, len(p))) {
			c.t.Fatalf("read message %d, want %d", binary.BigEndian.Uint64(p), i)
		}
	}
}

// converse sends n messages of that size, never more than 64 KiB ahead of what the witness has read.
func converse(sender, witness *client, n, size int) {
	sender.t.Helper()
	const ahead = 64 << 10
	progress := make(chan struct{}, ahead/size)
	var reading sync.WaitGroup
	reading.Go(func() {
		for i := range n {
			op, p, err := witness.read()
			if err != nil || op != ws.OpBinary || !bytes.Equal(p, numbered(i, size)) {
				witness.t.Errorf("witness: read = %v, %d bytes, %v; want message %d", op, len(p), err, i)
				_ = sender.conn.Close()
				return
			}
			<-progress
		}
	})
	for i := range n {
		progress <- struct{}{}
		sender.send(ws.OpBinary, numbered(i, size))
	}
	reading.Wait()
}

func (r *relay) waitFor(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ready(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("no %s within 20 s; log:\n%s", what, r.log)
		}
	}
}

// pipeClient connects over net.Pipe, which is no socket.
func pipeClient(t *testing.T, w *Transport, protocols ...string) *client {
	t.Helper()
	return pipeClientOf(t, w, Join{Room: "ops", Loopback: true}, protocols...)
}

func pipeClientOf(t *testing.T, w *Transport, j Join, protocols ...string) *client {
	t.Helper()
	if j.Authenticator == nil {
		j.Authenticator = guardOf(w)
	}
	near, far := pipe(t)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	for k, v := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		request.Header.Set(k, v)
	}
	for _, p := range protocols {
		request.Header.Add("Sec-WebSocket-Protocol", p)
	}
	if err := w.Serve(hijacked{httptest.NewRecorder(), far}, request, j); err != nil {
		t.Fatalf("Serve = %v", err)
	}
	in := bufio.NewReader(near)
	response, err := http.ReadResponse(in, request)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: %v, %v", response, err)
	}
	_ = response.Body.Close()
	return &client{t: t, conn: near, in: in}
}

func pipe(t *testing.T) (near, far net.Conn) {
	t.Helper()
	near, far = net.Pipe()
	t.Cleanup(func() { _ = near.Close() })
	return near, far
}

// hijacked is a response writer whose connection is a given one.
type hijacked struct {
	http.ResponseWriter

	conn net.Conn
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

func handshake(t *testing.T) *http.Request {
	t.Helper()
	raw := "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return request.WithContext(t.Context())
}
