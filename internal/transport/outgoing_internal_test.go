package transport

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
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

// A relay is a WebSocket behind an HTTP server on loopback: direct writes need real sockets.
type relay struct {
	*WebSocket

	url string
	log *syncBuffer
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
	r := &relay{log: new(syncBuffer)}
	r.WebSocket = NewWebSocket(hub.New(memory.New(), l), WebSocketConfig{
		Limits: l, Log: slog.New(slog.NewTextHandler(r.log, nil)),
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if err := r.Serve(w, q, Join{Room: "ops", Loopback: true}); err != nil {
			t.Errorf("Serve = %v", err)
		}
	}))
	t.Cleanup(server.Close)
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

func (r *relay) dial(t *testing.T) *client {
	t.Helper()
	dialer := ws.Dialer{NetDial: (&net.Dialer{}).DialContext}
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

// Promise 5: who does not read is closed with 4001 once its queue is full; the others notice nothing. The
// frames that it did get are whole, and the close frame follows them.
func TestSlowReaderIsClosed(t *testing.T) {
	const messages, size = 600, 16 << 10
	r := startRelay(t, recado.Limits{MessageRate: recado.Off})
	sender, fast, slow := r.dial(t), r.dial(t), r.dial(t)
	converse(sender, fast, messages, size)
	r.waitFor(t, "disconnect with 4001", func() bool { return strings.Contains(r.log.String(), "code=4001") })
	if r.Len() != 2 {
		t.Errorf("Len() = %d after the slow client was dropped, want 2", r.Len())
	}
	for i := 0; ; i++ {
		op, p, err := slow.read()
		if err != nil {
			t.Fatalf("slow client: message %d: %v, want whole frames and then close 4001", i, err)
		}
		if op == ws.OpClose {
			if code, reason := ws.ParseCloseFrameData(p); code != 4001 || reason != "slow_reader" {
				t.Errorf("close %d %q, want 4001 slow_reader", code, reason)
			}
			break
		}
		if !bytes.Equal(p, numbered(i, size)) {
			t.Fatalf("slow client: frame %d is not message %d", i, i)
		}
	}
	if _, _, err := slow.read(); err == nil {
		t.Error("something follows the close frame")
	}
}

// A reader that pauses, but not for too long, loses nothing and sees the order of the room, also around its own
// messages.
func TestPausingReaderLosesNothing(t *testing.T) {
	const rounds, size = 40, 8 << 10
	r := startRelay(t, recado.Limits{MessageRate: recado.Off, Queue: 64 << 20})
	sender, paused := r.dial(t), r.dial(t)
	next := 0
	for range rounds {
		from := next
		for ; next < from+50; next++ {
			sender.send(ws.OpBinary, numbered(next, size))
			if next%10 == 0 {
				paused.send(ws.OpText, []byte("my own"))
			}
		}
		for i := from; i < next; i++ {
			if _, p, err := paused.read(); err != nil || !bytes.Equal(p, numbered(i, size)) {
				t.Fatalf("message %d: %d bytes, %v", i, len(p), err)
			}
		}
	}
}

// The same, over a connection without direct writes and with every message in a backlog.
func TestBacklogPath(t *testing.T) {
	r := startRelay(t, recado.Limits{MessageRate: recado.Off})
	sender, member := pipeClient(t, r.WebSocket), pipeClient(t, r.WebSocket)
	converse(sender, member, 200, 1000)
}

// pipeClient connects over net.Pipe, which is no socket.
func pipeClient(t *testing.T, w *WebSocket) *client {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { _ = near.Close() })
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	for k, v := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		request.Header.Set(k, v)
	}
	if err := w.Serve(hijacked{httptest.NewRecorder(), far}, request, Join{Room: "ops", Loopback: true}); err != nil {
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

// hijacked is a response writer whose connection is a given one.
type hijacked struct {
	http.ResponseWriter

	conn net.Conn
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

func TestOverflowKeepsTheFrameUnderWay(t *testing.T) {
	frames := appendFrame(appendFrame(appendFrame(nil, ws.OpBinary, 0, make([]byte, 100)),
		ws.OpBinary, 0, make([]byte, 1000)), ws.OpBinary, 0, make([]byte, 70_000))
	first, second := 102, 102+1004
	for name, tt := range map[string]struct{ off, taken, want int }{
		"nothing begun":            {0, 0, -1},
		"inside the first":         {1, 0, first},
		"at a border":              {first, 0, first},
		"being written":            {10, 200, second},
		"inside the last":          {second + 1, 10, len(frames)},
		"all of it being written":  {0, len(frames), len(frames)},
		"a border and one byte":    {first, 1, second},
		"header of the second cut": {first + 1, 0, second},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			defer near.Close()
			defer far.Close()
			s := &session{server: &WebSocket{limits: recado.Limits{Queue: 10}.WithDefaults()}, conn: far}
			s.out.backlog = []piece{{data: frames, off: tt.off}, {data: frames}}
			s.out.waiting, s.out.taken = 2*len(frames)-tt.off, tt.taken
			if !s.overflows(1) {
				t.Fatal("overflows(1) = false with a full backlog")
			}
			left := s.out.backlog
			if tt.want >= 0 {
				if got := len(left[0].data); got != tt.want || left[0].off != tt.off {
					t.Errorf("left %d bytes from %d, want %d from %d", got, left[0].off, tt.want, tt.off)
				}
				left = left[1:]
			}
			if len(left) != 1 || !bytes.Contains(left[0].data, []byte("slow_reader")) {
				t.Errorf("the last of the backlog is not the close frame")
			}
			waiting := 0
			for _, p := range s.out.backlog {
				waiting += len(p.data) - p.off
			}
			if s.out.waiting != waiting {
				t.Errorf("waiting = %d, want %d", s.out.waiting, waiting)
			}
		})
	}
}

func TestOneMessageAlwaysFits(t *testing.T) {
	r := startRelay(t, recado.Limits{MessageRate: recado.Off, MessageSize: 16 << 20, Queue: 1000})
	sender, member := r.dial(t), r.dial(t)
	sender.send(ws.OpBinary, numbered(0, 16<<20))
	r.waitFor(t, "message in the log", func() bool { return strings.Contains(r.log.String(), "message relayed") })
	member.wantNumbered(1)
}

// Promise 7: a hundred members who never read cost at most their queues.
func TestStalledMembersAreBounded(t *testing.T) {
	const stalled, messages = 100, 3000
	r := startRelay(t, recado.Limits{MessageRate: recado.Off})
	sender, witness := r.dial(t), r.dial(t)
	for range stalled {
		r.dial(t)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	converse(sender, witness, messages, 4<<10)
	r.waitFor(t, "end of the stalled", func() bool { return strings.Count(r.log.String(), "code=4001") == stalled })
	runtime.GC()
	runtime.ReadMemStats(&after)
	limit := uint64(stalled * 256 << 10)
	if after.HeapAlloc > before.HeapAlloc+limit {
		t.Errorf("heap grew by %d bytes, want at most %d", after.HeapAlloc-before.HeapAlloc, limit)
	}
}

func TestSuddenEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(c *client)
		want string
	}{
		"close frame":   {func(c *client) { c.send(ws.OpClose, ws.NewCloseFrameBody(1000, "done")) }, "code=1000 reason=done"},
		"no status":     {func(c *client) { c.send(ws.OpClose, nil) }, "code=1005"},
		"shut down":     {func(c *client) { _ = c.conn.(*net.TCPConn).CloseWrite() }, "code=1006"},
		"connection":    {func(c *client) { _ = c.conn.Close() }, "code=1006"},
		"reset":         {func(c *client) { _ = c.conn.(*net.TCPConn).SetLinger(0); _ = c.conn.Close() }, "code=1006"},
		"half a header": {func(c *client) { _, _ = c.conn.Write([]byte{0x81}); _ = c.conn.Close() }, "code=1006"},
		"unmasked":      {func(c *client) { _ = ws.WriteFrame(c.conn, ws.NewTextFrame([]byte("oi"))) }, "code=1002"},
	} {
		t.Run(name, func(t *testing.T) {
			r := startRelay(t, recado.Limits{})
			c, other := r.dial(t), r.dial(t)
			tt.end(c)
			r.waitFor(t, "disconnect", func() bool { return strings.Contains(r.log.String(), tt.want) })
			r.waitFor(t, "one client", func() bool { return r.Len() == 1 })
			other.send(ws.OpPing, []byte("still there?"))
			if op, p, err := other.read(); op != ws.OpPong || string(p) != "still there?" || err != nil {
				t.Errorf("the other client: %v %q, %v", op, p, err)
			}
		})
	}
}

func TestCloseTellsEveryone(t *testing.T) {
	r := startRelay(t, recado.Limits{})
	clients := []*client{r.dial(t), r.dial(t), r.dial(t)}
	var reading sync.WaitGroup
	for _, c := range clients {
		reading.Go(func() {
			op, p, err := c.read()
			if code, reason := ws.ParseCloseFrameData(p); err != nil || op != ws.OpClose || code != 1001 || reason != "going_away" {
				t.Errorf("read = %v %d %q, %v; want close 1001 going_away", op, code, reason, err)
			}
			_ = c.conn.Close()
		})
	}
	if err := r.Close(t.Context(), recado.CloseGoingAway); err != nil {
		t.Errorf("Close = %v", err)
	}
	reading.Wait()
	if r.Len() != 0 {
		t.Errorf("Len() = %d after Close", r.Len())
	}
	err := r.Serve(httptest.NewRecorder(), handshake(t), Join{Room: "ops"})
	if refusal := new(recado.Refusal); !errors.As(err, &refusal) || refusal.Code != "server_draining" {
		t.Errorf("Serve after Close = %v, want server_draining", err)
	}
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

func TestManyMessagesAreSummedInTheLog(t *testing.T) {
	r := startRelay(t, recado.Limits{MessageRate: recado.Off})
	sender := r.dial(t)
	for i := range 1000 {
		sender.send(ws.OpText, fmt.Append(nil, i))
	}
	r.waitFor(t, "sum", func() bool { return strings.Contains(r.log.String(), `msg="messages relayed"`) })
	if n := strings.Count(r.log.String(), `msg="message relayed"`); n < logBurst || n > logBurst+10*logRate {
		t.Errorf("%d messages logged one by one, want about %d", n, logBurst)
	}
}
