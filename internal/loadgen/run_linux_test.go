package loadgen_test

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"recado/internal/loadgen"
)

// A relay is a server for tests. Its fault, if any, turns the frame with the count-th message into what the
// member at place to really gets; to and from are places in the order of joining.
type relay struct {
	url     string
	fault   func(count, from, to int, f ws.Frame) []ws.Frame
	speaks  loadgen.Protocol
	refuses string // with this error, every hello
	stream  string // its media type, if not that of events
	status  string // the status of what is published, if it is not well

	mu       sync.Mutex // guards what follows
	members  []net.Conn
	rooms    []string // by member
	sessions []string // by member
	count    int
}

// start listens; r has its fault by then.
func (r *relay) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.url = "ws://" + listener.Addr().String() + "/room"
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() { r.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		r.mu.Lock()
		for _, c := range r.members {
			c.Close()
		}
		r.mu.Unlock()
		sessions.Wait()
	})
}

func (r *relay) serve(c net.Conn) {
	defer c.Close()
	var room string
	from := -1
	if r.speaks == loadgen.SSE {
		r.serveHTTP(c)
		return
	}
	upgrader := ws.Upgrader{
		OnRequest: func(uri []byte) error { room = string(uri); return nil },
		Protocol:  func(offered []byte) bool { return r.speaks == loadgen.V1 && string(offered) == "recado.v1" },
		// Before the answer, after which the next client may come: the members are in the order of their joining.
		OnBeforeUpgrade: func() (ws.HandshakeHeader, error) {
			r.mu.Lock() // no message comes before the answer
			from = r.join(c, room, "")
			return nil, nil
		},
	}
	_, err := upgrader.Upgrade(c)
	if from >= 0 {
		r.mu.Unlock()
	}
	if err != nil {
		return
	}
	for {
		header, err := ws.ReadHeader(c)
		if err != nil {
			return
		}
		payload := make([]byte, header.Length)
		if _, err := io.ReadFull(c, payload); err != nil {
			return
		}
		ws.Cipher(payload, header.Mask, 0)
		switch {
		case header.OpCode == ws.OpClose:
			return
		case header.OpCode == ws.OpText && r.speaks == loadgen.V1:
			r.obey(from, payload)
		case header.OpCode == ws.OpPing:
			r.mu.Lock()
			ws.WriteFrame(c, ws.NewPongFrame(payload))
			r.mu.Unlock()
		default:
			r.relay(from, ws.NewFrame(header.OpCode, true, payload))
		}
	}
}

// join is called with r.mu held.
func (r *relay) join(c net.Conn, room, session string) (number int) {
	r.members = append(r.members, c)
	r.rooms = append(r.rooms, room)
	r.sessions = append(r.sessions, session)
	return len(r.members) - 1
}

func (r *relay) relay(from int, f ws.Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
	for to, c := range r.members {
		frames := []ws.Frame{f}
		if to == from || r.rooms[to] != r.rooms[from] {
			frames = nil
		}
		if r.fault != nil {
			frames = r.fault(r.count, from, to, f)
		}
		for _, f := range frames {
			r.write(c, f)
		}
	}
}

func (r *relay) write(c net.Conn, f ws.Frame) {
	if r.speaks == loadgen.SSE {
		writeEvent(c, f.Payload)
		return
	}
	ws.WriteFrame(c, f)
}

// others is what an honest relay does.
func others(from, to int, f ws.Frame) []ws.Frame {
	if from == to {
		return nil
	}
	return []ws.Frame{f}
}

// quick starts with four messages in flight, so that a fault with the second or third is sure to happen.
func quick(url string) loadgen.Config {
	return loadgen.Config{
		URL: url, Connections: 10, InFlight: 4, Dialing: 1,
		Warmup: 10 * time.Millisecond, Duration: 200 * time.Millisecond, Timeout: 5 * time.Second,
	}
}

// heard is loadgen.Run, for longer and longer until something is delivered: a busy machine may need that.
func heard(t *testing.T, c loadgen.Config) (*loadgen.Result, error) {
	t.Helper()
	got, err := loadgen.Run(t.Context(), c)
	for range 5 {
		if err != nil || got.Deliveries > 0 || got.Faults() > 0 {
			break
		}
		c.Duration *= 2
		got, err = loadgen.Run(t.Context(), c)
	}
	return got, err
}

func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*loadgen.Config)
	}{
		{"as it is", func(*loadgen.Config) {}},
		{"one sender", func(c *loadgen.Config) { c.Senders = 1; c.InFlight = 7 }},
		{"binary", func(c *loadgen.Config) { c.Binary = true }},
		{"large", func(c *loadgen.Config) { c.Size = 100_000 }},
		{"sleeping", func(c *loadgen.Config) { c.Gather = loadgen.Off }},
		{"several addresses", func(c *loadgen.Config) { c.Sources = 3 }},
		{"many handshakes at once", func(c *loadgen.Config) { c.Dialing = 100 }},
		{"rooms", func(c *loadgen.Config) { c.Rooms = 3 }},
		{"rooms, one sender in each", func(c *loadgen.Config) { c.Rooms = 5; c.Senders = 1 }},
		{"open loop", func(c *loadgen.Config) { c.Rate = 500 }},
		{"open loop, rooms, more senders", func(c *loadgen.Config) { c.Rate = 500; c.Rooms = 2; c.Senders = 3 }},
		{"two members", func(c *loadgen.Config) { c.Connections = 2; c.InFlight = 1 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r relay
			r.start(t)
			c := quick(r.url)
			c.PID = os.Getpid()
			tt.change(&c)
			got, err := heard(t, c)
			if err != nil {
				t.Fatalf("Run: %v", err)
			}
			if got.Deliveries == 0 || got.Messages == 0 || got.Faults() != 0 || got.Latency.TotalCount() != got.Deliveries {
				t.Errorf("Run: %d deliveries (%d timed) of %d messages, %d faults, want some and no faults",
					got.Deliveries, got.Latency.TotalCount(), got.Messages, got.Faults())
			}
			if n := got.Handshakes.TotalCount(); n != int64(c.Connections) {
				t.Errorf("Run timed %d handshakes, want %d", n, c.Connections)
			}
			var sampled int64
			for _, s := range got.Timeline {
				sampled += s.Deliveries
			}
			if sampled != got.Deliveries || len(got.Timeline) == 0 {
				t.Errorf("Run has %d samples of %d deliveries, want %d", len(got.Timeline), sampled, got.Deliveries)
			}
			if got.OwnCPU <= 0 || got.ServerCPU <= 0 || got.RSSBefore <= 0 || got.RSSAfter <= 0 || got.Elapsed < c.Duration {
				t.Errorf("Run: own CPU %v, server's %v, memory %d and %d bytes, %v: want more of each",
					got.OwnCPU, got.ServerCPU, got.RSSBefore, got.RSSAfter, got.Elapsed)
			}
		})
	}
}

func TestRunFindsFaults(t *testing.T) {
	var held []ws.Frame
	for _, tt := range []struct {
		name   string
		fault  func(count, from, to int, f ws.Frame) []ws.Frame
		faults func(r *loadgen.Result) int64 // those that should be found
		err    error
	}{
		{
			name: "lost",
			fault: func(count, from, to int, f ws.Frame) []ws.Frame {
				if count == 2 && to == 9 {
					return nil
				}
				return others(from, to, f)
			},
			faults: func(r *loadgen.Result) int64 { return r.Lost },
			err:    loadgen.ErrMissing,
		},
		{
			name: "duplicated",
			fault: func(count, from, to int, f ws.Frame) []ws.Frame {
				if count == 2 && to == 9 {
					return []ws.Frame{f, f}
				}
				return others(from, to, f)
			},
			faults: func(r *loadgen.Result) int64 { return r.Duplicated },
		},
		{
			name: "echoed",
			fault: func(count, from, to int, f ws.Frame) []ws.Frame {
				if count == 2 {
					return []ws.Frame{f}
				}
				return others(from, to, f)
			},
			faults: func(r *loadgen.Result) int64 { return r.Echoed },
		},
		{
			name: "out of order",
			fault: func(count, from, to int, f ws.Frame) []ws.Frame {
				switch {
				case to != 9 || count > 3 || count < 2:
					return others(from, to, f)
				case count == 2:
					held = []ws.Frame{f}
					return nil
				}
				return append([]ws.Frame{f}, held...)
			},
			faults: func(r *loadgen.Result) int64 { return r.OutOfOrder },
		},
		{
			name: "changed",
			fault: func(count, from, to int, f ws.Frame) []ws.Frame {
				if count == 2 && to == 9 {
					other := ws.NewTextFrame(slices.Clone(f.Payload))
					other.Payload[len(other.Payload)-10]++
					return []ws.Frame{f, other}
				}
				return others(from, to, f)
			},
			faults: func(r *loadgen.Result) int64 { return r.Foreign },
		},
	} {
		for _, protocol := range loadgen.Protocols() {
			t.Run(tt.name+" "+string(protocol), func(t *testing.T) {
				server := &relay{fault: tt.fault, speaks: protocol}
				server.start(t)
				c := quick(server.url)
				c.Senders, c.Protocol = 1, protocol
				if tt.err != nil {
					c.Timeout = 500 * time.Millisecond
				}
				r, err := loadgen.Run(t.Context(), c)
				if !errors.Is(err, tt.err) {
					t.Fatalf("Run: %v, want %v", err, tt.err)
				}
				if tt.faults(r) != 1 || r.Faults() != 1 {
					t.Errorf("Run: %d lost, %d duplicated, %d out of order, %d echoed, %d foreign, want one fault: %s",
						r.Lost, r.Duplicated, r.OutOfOrder, r.Echoed, r.Foreign, tt.name)
				}
			})
		}
	}
}

func TestRunStalled(t *testing.T) {
	var r relay
	r.fault = func(count, from, to int, f ws.Frame) []ws.Frame {
		if count == 2 && to == 9 {
			r.members[to].Close() // what a server does with one that never reads
		}
		return others(from, to, f)
	}
	r.start(t)
	c := quick(r.url)
	c.Stalled = 2
	got, err := loadgen.Run(t.Context(), c)
	if err != nil || got.StalledClosed != 1 || got.Faults() > 0 || got.Deliveries == 0 {
		t.Errorf("Run with 2 stalled: %+v, %v, want one of them closed and nothing lost", got, err)
	}
}

func TestRunClosed(t *testing.T) {
	r := &relay{fault: func(count, from, to int, f ws.Frame) []ws.Frame {
		if count == 2 && to == 9 {
			return []ws.Frame{ws.NewCloseFrame(ws.NewCloseFrameBody(4001, "slow_reader"))}
		}
		return others(from, to, f)
	}}
	r.start(t)
	_, err := loadgen.Run(t.Context(), quick(r.url))
	if err == nil || !strings.Contains(err.Error(), `connection 10: the server closed the connection: 4001 "slow_reader"`) {
		t.Errorf("Run: %v, want the close code", err)
	}
}

func TestIdle(t *testing.T) {
	var r relay
	r.start(t)
	c := quick(r.url)
	c.PID, c.Settle = os.Getpid(), 10*time.Millisecond
	got, err := loadgen.Idle(t.Context(), c)
	if err != nil || got.RSSBefore <= 0 || got.RSSAfter <= 0 || got.Connections != 10 {
		t.Errorf("Idle: %+v, %v, want memory before and after", got, err)
	}
}

func TestRunRefuses(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // never answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, tt := range []struct {
		name   string
		change func(*loadgen.Config)
		want   string
	}{
		{"no URL", func(c *loadgen.Config) { c.URL = "" }, "not of the form"},
		{"TLS", func(c *loadgen.Config) { c.URL = "wss://localhost" }, "not of the form"},
		{"elsewhere", func(c *loadgen.Config) { c.URL = "ws://192.0.2.1:8765/" }, "neither loopback nor private"},
		{"one connection", func(c *loadgen.Config) { c.Connections = 1 }, "needs 2"},
		{"too many rooms", func(c *loadgen.Config) { c.Rooms = 6 }, "needs 2 in each"},
		{"too much coming and going", func(c *loadgen.Config) { c.Churn = 1e9 }, "come and go"},
		{"no rooms", func(c *loadgen.Config) { c.Rooms = -1 }, "needs 2 in each"},
		{"too fast", func(c *loadgen.Config) { c.Rate = 1e9 }, "messages a second"},
		{"too many connections", func(c *loadgen.Config) { c.Connections = 5_000_000 }, "files can be open"},
		{"all stalled", func(c *loadgen.Config) { c.Stalled = 9 }, "2 must stay"},
		{"too many senders", func(c *loadgen.Config) { c.Senders = 11 }, "from 1 to 10"},
		{"too few in flight", func(c *loadgen.Config) { c.Senders = 5 }, "too few"},
		{"no such protocol", func(c *loadgen.Config) { c.Protocol = "mqtt" }, "there are [raw recado.v1 sse]"},
		{"binary in JSON", func(c *loadgen.Config) { c.Protocol, c.Binary = loadgen.V1, true }, "not for recado.v1"},
		{"too small", func(c *loadgen.Config) { c.Size = 15 }, "from 16"},
		{"no such process", func(c *loadgen.Config) { c.PID = 1 << 30 }, "cannot be read"},
		{"no answer", func(c *loadgen.Config) { c.Timeout = 20 * time.Millisecond }, "connection"},
		{"nobody listens", func(c *loadgen.Config) { c.URL = "ws://127.0.0.1:1/" }, "refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := quick("ws://" + listener.Addr().String())
			tt.change(&c)
			if _, err := loadgen.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Run: %v, want an error with %q", err, tt.want)
			}
		})
	}
}
