package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/server"

	"go.uber.org/goleak"
)

// A connection that net/http closes behind an answer waits for half a second so that the client can read it.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// patience is how long a test waits for what should happen at once.
const patience = 10 * time.Second

const handshake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// A record is what a server under test has logged. It may be written and read concurrently.
type record struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// wait returns when the log has a line with all of these parts.
func (r *record) wait(t *testing.T, parts ...string) {
	t.Helper()
	eventually(t, "a log line with "+strings.Join(parts, " and "), func() bool {
		for line := range strings.Lines(r.String()) {
			missing := 0
			for _, part := range parts {
				if !strings.Contains(line, part) {
					missing++
				}
			}
			if missing == 0 {
				return true
			}
		}
		return false
	})
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}

// A running server is stopped at the end of its test, unless the test has done so.
type running struct {
	*server.Server

	at   server.Addresses
	log  *record
	done <-chan error // what Serve returned
}

func newServer(t *testing.T, change func(*server.Config)) (*server.Server, *record) {
	t.Helper()
	log := &record{}
	broker := memory.New(recado.Limits{})
	t.Cleanup(func() { broker.Close() })
	config := server.Config{Broker: broker, Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(log, nil))}
	if change != nil {
		change(&config)
	}
	s, err := server.New(config)
	if err != nil {
		t.Fatalf("New = %v", err)
	}
	t.Cleanup(func() { s.Stop(t.Context(), recado.CloseGoingAway) }) // its context has ended: nobody is waited for
	return s, log
}

func start(t *testing.T, change func(*server.Config)) *running {
	t.Helper()
	s, log := newServer(t, change)
	at, err := s.Listen(t.Context())
	if err != nil {
		t.Fatalf("Listen = %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve() }()
	return &running{Server: s, at: at, log: log, done: done}
}

// dial connects and sends text.
func dial(t *testing.T, address, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

// An answer is what came back over HTTP.
type answer struct {
	StatusCode int
	Header     http.Header
	Close      bool // the server ends the connection
	Body       string
}

// exchange sends a request as it stands and returns the answer.
func exchange(t *testing.T, address, request string) answer {
	t.Helper()
	return exchangeOn(t, dial(t, address, ""), request)
}

func exchangeOn(t *testing.T, conn net.Conn, request string) answer {
	t.Helper()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("answer to %q: %v", request[:min(len(request), 100)], err)
	}
	defer response.Body.Close()
	a := answer{StatusCode: response.StatusCode, Header: response.Header, Close: response.Close}
	if a.StatusCode != http.StatusSwitchingProtocols {
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("body of the answer to %q: %v", request[:min(len(request), 100)], err)
		}
		a.Body = string(body)
	}
	return a
}

// A refusal is what an answer says of itself.
type refusal struct {
	Code, Message, Hint string
	Status              int
}

func readRefusal(t *testing.T, body string) refusal {
	t.Helper()
	var answer struct{ Error refusal }
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&answer); err != nil {
		t.Errorf("the body is no refusal: %v in %q", err, body)
	}
	return answer.Error
}

// A client is a WebSocket connection that only listens.
type client struct {
	conn net.Conn
	from *bufio.Reader
}

// join opens a WebSocket connection to the target.
func join(t *testing.T, address, target string) *client {
	t.Helper()
	return shakeOn(t, dial(t, address, ""), target, "")
}

func joinOn(t *testing.T, conn net.Conn, target string) *client {
	t.Helper()
	return shakeOn(t, conn, target, "")
}

// talk opens a connection of recado.v1 to ops, with more headers.
func talk(t *testing.T, address, header string) *client {
	t.Helper()
	return shakeOn(t, dial(t, address, ""), "/ops", "Sec-WebSocket-Protocol: recado.v1\r\n"+header)
}

// shakeOn opens a WebSocket connection.
func shakeOn(t *testing.T, conn net.Conn, target, header string) *client {
	t.Helper()
	if _, err := io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: localhost\r\n"+handshake+header+"\r\n"); err != nil {
		t.Fatal(err)
	}
	from := bufio.NewReader(conn)
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatalf("joining %s: %v", target, err)
	}
	defer response.Body.Close() // there is none
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("joining %s: status %d", target, response.StatusCode)
	}
	return &client{conn, from}
}

// frame reads one frame of less than 64 KiB: its first byte and its payload.
func (c *client) frame(t *testing.T) (first byte, payload []byte) {
	t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(c.from, head[:]); err != nil {
		t.Fatalf("frame: %v", err)
	}
	size := int(head[1])
	if size == 126 {
		var long [2]byte
		if _, err := io.ReadFull(c.from, long[:]); err != nil {
			t.Fatalf("frame: %v", err)
		}
		size = int(long[0])<<8 | int(long[1])
	}
	payload = make([]byte, size)
	if _, err := io.ReadFull(c.from, payload); err != nil {
		t.Fatalf("frame: %v", err)
	}
	return head[0], payload
}

// say sends one text of less than 64 KiB, masked with zeros.
func (c *client) say(t *testing.T, text string) {
	t.Helper()
	frame := []byte{0x81, 0x80 | byte(len(text))}
	if n := len(text); n > 125 {
		frame = []byte{0x81, 0x80 | 126, byte(n >> 8), byte(n)}
	}
	frame = append(append(frame, 0, 0, 0, 0), text...)
	if _, err := c.conn.Write(frame); err != nil {
		t.Fatal(err)
	}
}

// wantFrameWith expects the next frame to have these parts.
func (c *client) wantFrameWith(t *testing.T, parts ...string) {
	t.Helper()
	_, payload := c.frame(t)
	for _, part := range parts {
		if !strings.Contains(string(payload), part) {
			t.Errorf("received %q, want %s", payload, part)
		}
	}
}

// wantText expects the next frame to be this text.
func (c *client) wantText(t *testing.T, want string) {
	t.Helper()
	if first, payload := c.frame(t); first != 0x81 || string(payload) != want {
		t.Errorf("received the frame %#x %q, want the text %q", first, payload, want)
	}
}

// wantClose expects the next frame to close the connection with this code, answers it and leaves.
func (c *client) wantClose(t *testing.T, want recado.CloseCode) {
	t.Helper()
	first, payload := c.frame(t)
	if first != 0x88 || len(payload) < 2 || recado.CloseCode(payload[0])<<8|recado.CloseCode(payload[1]) != want {
		t.Errorf("received the frame %#x %q, want close %d", first, payload, want)
	}
	c.conn.Write([]byte{0x88, 0x82, 0, 0, 0, 0, payload[0], payload[1]})
	c.conn.Close()
}

// ipv6 reports whether the machine has the loopback address of IPv6.
func ipv6() bool {
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	listener.Close()
	return true
}

// ownServer serves the handler of s from an HTTP server that s knows nothing of, and returns its address.
func ownServer(t *testing.T, s *server.Server) string {
	t.Helper()
	own := httptest.NewServer(s.Handler())
	t.Cleanup(own.Close)
	return own.Listener.Addr().String()
}
