package transport_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"recado"
	"recado/internal/transport"
)

// large is the configuration that messages of 16 MiB need.
func large() transport.Config {
	return transport.Config{Limits: recado.Limits{MessageSize: 16 << 20}}
}

func TestLargeMessages(t *testing.T) {
	s := newServer(t, large())
	words, bytes := strings.Repeat("BAsd7&jh", 2<<20), strings.Repeat("\xfe\x00\xff\x80", 4<<20)
	for i, size := range []int{64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20} {
		s.run(t, map[string]probe{
			fmt.Sprintf("9.1.%d text of %d KiB", i+1, size>>10):   {final(text, words[:size]), want{says(text, words[:size])}},
			fmt.Sprintf("9.2.%d binary of %d KiB", i+1, size>>10): {final(binaryData, bytes[:size]), want{says(binaryData, bytes[:size])}},
		})
		runtime.GC() // the messages of one size are not kept beside those of the next
	}
	s.run(t, map[string]probe{"one byte more": {header(0x80|binaryData, 16<<20+1), want{tooBig}}})
}

// 4 MiB in fragments: the smallest make 65,536 of them.
func TestLargeMessagesInFragments(t *testing.T) {
	s := newServer(t, large())
	words, bytes := strings.Repeat("BAsd7&jh", 1<<19), strings.Repeat("\xfe\x00\xff\x80", 1<<20)
	for i, size := range []int{64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20} {
		s.run(t, map[string]probe{
			fmt.Sprintf("9.3.%d text in fragments of %d", i+1, size):   {fragmented(text, words, size), want{says(text, words)}},
			fmt.Sprintf("9.4.%d binary in fragments of %d", i+1, size): {fragmented(binaryData, bytes, size), want{says(binaryData, bytes)}},
		})
	}
}

// 1 MiB in chops: the smallest make 16,384 of them.
func TestLargeMessagesInChops(t *testing.T) {
	s := newServer(t, large())
	words, bytes := strings.Repeat("BAsd7&jh", 1<<17), strings.Repeat("\xfe\x00\xff\x80", 1<<18)
	s.run(t, map[string]probe{
		"9.5 text":   {final(text, words), want{says(text, words)}},
		"9.6 binary": {final(binaryData, bytes), want{says(binaryData, bytes)}},
	}, 64, 128, 256, 512, 1024, 2048)
}

func TestRoundTrips(t *testing.T) {
	s := newServer(t, transport.Config{})
	for name, opcode := range map[string]byte{"9.7 text": text, "9.8 binary": binaryData} {
		for _, size := range []int{0, 16, 64, 256, 1024, 4096} {
			t.Run(fmt.Sprintf("%s of %d bytes", name, size), func(t *testing.T) {
				p := s.echo(t)
				payload := strings.Repeat("*", size)
				for range 250 {
					p.send(t, final(opcode, payload))
					p.expect(t, says(opcode, payload))
				}
			})
		}
	}
}

// What comes faster than it is read back comes back all the same, in order, while it fits the queue.
func TestManyAtOnce(t *testing.T) {
	everySocket(t, transport.Config{Limits: recado.Limits{Queue: 1 << 20}}, func(t *testing.T, s *server) {
		t.Helper()
		var send strings.Builder
		var back want
		for i := range 5000 {
			words := fmt.Sprintf("message %d %s", i, strings.Repeat("x", i%97))
			send.WriteString(final(text, words))
			back = append(back, says(text, words))
		}
		s.run(t, map[string]probe{"texts": {send.String(), back}}, 1460)
	})
}

// A message that a library has cut into frames by itself.
func TestAutoFragmented(t *testing.T) {
	s := newServer(t, transport.Config{})
	words := strings.Repeat("*", 65536)
	s.run(t, map[string]probe{"10.1.1": {fragmented(text, words, 1300), want{says(text, words)}}}, 1300)
}
