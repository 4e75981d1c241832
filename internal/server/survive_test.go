package server_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"recado"
	"recado/internal/server"
)

// A panicking broker breaks at whatever it is asked for, while it is told to.
type panicking struct {
	recado.Broker

	broken atomic.Bool
}

func (b *panicking) Publish(ctx context.Context, m recado.Message) (recado.Receipt, error) {
	b.breaks()
	return b.Broker.Publish(ctx, m)
}

func (b *panicking) Subscribe(ctx context.Context, room string, s recado.Subscriber) (recado.Position, func(), error) {
	b.breaks()
	return b.Broker.Subscribe(ctx, room, s)
}

func (b *panicking) ReadBefore(ctx context.Context, room string, at recado.Position, n int) (recado.Page, error) {
	b.breaks()
	return b.Broker.ReadBefore(ctx, room, at, n)
}

func (b *panicking) breaks() {
	if b.broken.Load() {
		panic("the broker is broken")
	}
}

// Over every protocol, a panic ends the connection that caused it, is logged with its stack, and leaves the others alone.
func TestPanicOverEveryProtocol(t *testing.T) {
	broker := &panicking{}
	s := start(t, func(c *server.Config) { broker.Broker, c.Broker = c.Broker, broker })
	ana, beto, spoilt := join(t, s.at.Listen, "/ops"), join(t, s.at.Listen, "/ops"), join(t, s.at.Listen, "/ops")
	eventually(t, "three clients", func() bool { return s.Clients() == 3 })
	const host = " HTTP/1.1\r\nHost: localhost\r\n"
	broker.broken.Store(true)
	for name, request := range map[string]string{
		"POST":      "POST /ops" + host + "Content-Length: 2\r\n\r\noi",
		"raw":       "GET /new" + host + handshake + "\r\n",
		"events":    "GET /new" + host + "Accept: text/event-stream\r\n\r\n",
		"text":      "GET /new" + host + "\r\n",
		"recado.v1": "GET /new" + host + handshake + "Sec-WebSocket-Protocol: recado.v1\r\n\r\n\x81\x90\x00\x00\x00\x00" + `{"type":"hello"}`,
		"the API":   "GET /v1/rooms/ops/messages" + host + "\r\n",
	} {
		before := strings.Count(s.log.String(), "the broker is broken")
		from := bufio.NewReader(dial(t, s.at.Listen, request))
		if name == "recado.v1" {
			response, err := http.ReadResponse(from, nil)
			if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("%v, %v", response, err)
			}
			response.Body.Close()
		}
		if rest, err := io.ReadAll(from); err != nil || name != "recado.v1" && len(rest) > 0 {
			t.Errorf("%s: read %q, %v, want the connection's end", name, rest, err)
		}
		eventually(t, name+" in the log", func() bool { return strings.Count(s.log.String(), "the broker is broken") > before })
	}
	spoilt.say(t, "oi")
	spoilt.wantClose(t, recado.CloseInternal)
	broker.broken.Store(false)
	ana.say(t, "still here")
	beto.wantText(t, "still here")
	s.log.wait(t, "request panicked", "method=POST", "survive_test.go")
	s.log.wait(t, "session panicked", "survive_test.go")
	exchange(t, s.at.Listen, "POST /ops"+host+"Content-Length: 4\r\n\r\nback")
	beto.wantText(t, "back")
	join(t, s.at.Listen, "/new").say(t, "a new room")
	eventually(t, "three clients", func() bool { return s.Clients() == 3 })
}
