package transport_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/transport"
)

// pour sends data over and over, and reads how the connection ends. What a hostile client sends without end may
// cost nothing that grows with it. All that is allocated meanwhile counts, whether it was freed again or not; a
// part of what was sent is allowed because pools forget a quarter of their buffers under the race detector.
func pour(t *testing.T, p *peer, first, data string, times int, want ...string) {
	t.Helper()
	chunk := []byte(data)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sent := make(chan struct{})
	go func() { // ends when everything is sent, or when the connection ends with the test
		defer close(sent)
		if _, err := p.Write([]byte(first)); err != nil {
			return
		}
		for range times {
			if _, err := p.Write(chunk); err != nil {
				return
			}
		}
	}()
	p.expect(t, want...)
	p.expectEnd(t)
	<-sent
	runtime.ReadMemStats(&after)
	grown, most := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+len(data)*times/3)
	if grown > most {
		t.Errorf("%d bytes allocated, want at most %d", grown, most)
	}
}

func TestEndlessFragments(t *testing.T) {
	s := newServer(t, transport.Config{})
	for name, tt := range map[string]struct {
		fragment string
		times    int
		end      string
	}{
		"64 MiB in fragments of 16 KiB": {part(continuation, strings.Repeat("a", 16<<10)), 4096, tooBig},
		"64 MiB in fragments of 64 KiB": {part(continuation, strings.Repeat("a", 64<<10)), 1024, tooBig},
		"400,000 empty fragments":       {strings.Repeat(part(continuation, ""), 4000), 100, policy},
		"400,000 of one byte":           {strings.Repeat(part(continuation, "a"), 4000), 100, policy},
	} {
		t.Run(name, func(t *testing.T) { pour(t, s.echo(t), part(text, ""), tt.fragment, tt.times, tt.end) })
	}
	for opcode, kind := range map[byte]string{text: "text", binaryData: "binary"} {
		t.Run("as many fragments as may be, "+kind, func(t *testing.T) {
			whole := part(opcode, "") + strings.Repeat(part(continuation, ""), 4094) + final(continuation, "")
			probe{whole + whole, want{kind, kind}}.on(t, s.echo(t), 0)
		})
		t.Run("one fragment more, "+kind, func(t *testing.T) {
			probe{part(opcode, "") + strings.Repeat(part(continuation, ""), 4096), want{policy}}.on(t, s.echo(t), 0)
		})
	}
}

// Nobody but the one who sent it notices a broken frame.
func TestOthersDoNotNotice(t *testing.T) {
	s := newServer(t, transport.Config{Compress: true})
	ana, beto := s.join(t, "/ops", "", ""), s.join(t, "/ops", "", "")
	for name, bytes := range map[string]string{
		"a length with its top bit set": "\x82\xff" + strings.Repeat("\xff", 8) + mask,
		"a length of 2^62":              "\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00" + mask,
		"no mask":                       unmasked(text, "Hello"),
		"garbage":                       noise(5000),
		"half a frame":                  header(0x80|text, 1000) + "half",
		"nothing":                       "",
	} {
		t.Run(name, func(t *testing.T) {
			bad := s.join(t, "/ops", "Sec-WebSocket-Extensions: permessage-deflate\r\n", "")
			bad.send(t, bytes)
			_ = bad.Close()
			ana.send(t, final(text, name))
			beto.expect(t, says(text, name))
			beto.send(t, final(text, name))
			ana.expect(t, says(text, name))
		})
	}
}

func TestPingFlood(t *testing.T) {
	s := newServer(t, transport.Config{})
	for name, frame := range map[string]string{
		"pings": final(ping, ""),
		"pongs": final(pong, ""),
		"mixed": final(ping, "") + part(text, "") + final(pong, strings.Repeat("a", 125)) + final(continuation, ""),
	} {
		t.Run(name, func(t *testing.T) {
			p := s.echo(t)
			go p.sendChopped(strings.Repeat(frame, 5000), 0) // ends with the connection
			for {
				got, err := p.next()
				if err != nil {
					t.Fatalf("before the flood was refused: %v", err)
				}
				if got == flood {
					break
				}
			}
			p.expectEnd(t)
		})
	}
}

// A client that sends pings and never reads: its pongs may not pile up, whatever the rate of its pings may be.
func TestPingsWithoutReading(t *testing.T) {
	s := newServer(t, transport.Config{Limits: recado.Limits{
		ControlRate: recado.Off, Queue: 32 << 10, CloseTimeout: 50 * time.Millisecond, QueueStall: 50 * time.Millisecond,
	}})
	p := s.echo(t)
	go p.sendChopped(strings.Repeat(final(ping, strings.Repeat("a", 125)), 200_000), 64<<10) // ends with the connection
	s.log.wait(t, `msg="client disconnected"`, "code=4001")
}

// fragile is a broker that breaks over one message.
type fragile struct{ recado.Broker }

// Publish panics when the message says so.
func (b fragile) Publish(ctx context.Context, m recado.Message) (recado.Receipt, error) {
	if string(m.Data) == "break" {
		panic("broken")
	}
	return b.Broker.Publish(ctx, m)
}

// A panic that a client's message causes ends that client's session and nothing else.
func TestPanicEndsOneSession(t *testing.T) {
	s := newServerOver(t, fragile{memory.New(recado.Limits{})}, transport.Config{})
	ana, beto, carla := s.join(t, "/ops", "", ""), s.join(t, "/ops", "", ""), s.join(t, "/ops", "", "")
	carla.send(t, final(text, "oi"))
	ana.expect(t, "text oi")
	beto.expect(t, "text oi")
	carla.send(t, final(text, "break"))
	carla.expect(t, "close 1011 internal_error")
	carla.expectEnd(t)
	s.log.wait(t, "session panicked", "broken")
	ana.send(t, final(text, "still here"))
	beto.expect(t, "text still here")
	again := s.join(t, "/ops", "", final(text, "back"))
	ana.expect(t, "text back")
	beto.expect(t, "text back")
	beto.send(t, final(text, "oi"))
	again.expect(t, "text oi")
}
