//go:build linux

package loadgen

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// stream is what a server could send to member 9: messages of two senders, one of them in fragments, with
// control frames and something foreign in between.
func stream(tb testing.TB, p *pattern, l *ledger) []byte {
	tb.Helper()
	var out bytes.Buffer
	write := func(f ws.Frame) {
		if err := ws.WriteFrame(&out, f); err != nil {
			tb.Fatal(err)
		}
	}
	for i := range 20 {
		sender := i % 2
		frame := p.clientFrame()
		p.identify(frame, sender, l.send(sender, 0, 0))
		payload := frame[len(frame)-p.size:]
		switch i {
		case 3:
			write(ws.NewPingFrame([]byte("are you there")))
			write(ws.NewTextFrame([]byte("something foreign")))
		case 8:
			write(ws.NewFrame(ws.OpText, false, payload[:10]))
			write(ws.NewPongFrame(nil))
			write(ws.NewFrame(ws.OpContinuation, false, nil))
			write(ws.NewFrame(ws.OpContinuation, true, payload[10:]))
			continue
		}
		write(ws.NewTextFrame(payload))
	}
	return out.Bytes()
}

func TestParseSplit(t *testing.T) {
	for _, size := range []int{MinSize, 64, 200, 66_000} {
		for i := range 40 {
			p, l := newPattern(size, ws.OpText), newLedger(10, 1, 2, 20)
			write := stream
			if i%2 == 1 {
				p, write = newWrappedPattern(size, V1), streamV1
			}
			rest := write(t, &p, l)
			var m member
			var answers []byte
			for len(rest) > 0 {
				n := min(len(rest), 1+rand.IntN(max(8, len(rest)/(1+rand.IntN(8)))))
				left, err := m.parse(9, append(m.partial, rest[:n]...), &p, l, &answers)
				if err != nil {
					t.Fatalf("size %d: parse: %v", size, err)
				}
				m.keep(left)
				rest = rest[n:]
			}
			for _, i := range l.touched {
				l.settle(i)
			}
			if l.deliveries != 20 || l.foreign != 1 || l.outOfOrder+l.duplicated != 0 || !m.answered || len(m.partial) > 0 {
				t.Errorf("size %d, v1 %s: %d delivered, %d foreign, %d left, ping answered: %v, want 20, 1, 0, true",
					size, p.speaks, l.deliveries, l.foreign, len(m.partial), m.answered)
			}
			if want := "are you there"; !strings.HasSuffix(string(answers), want) {
				t.Errorf("size %d: answer to a ping: %q, want one that ends in %q", size, answers, want)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, bytes, want string
	}{
		{"close with code", "\x88\x08\x0f\xa1slow!!", "4001 \"slow!!\""},
		{"close without code", "\x88\x00", "closed the connection"},
		{"masked", "\x81\x81\x01\x02\x03\x04a", "broken header"},
		{"endless", "\x81\x7f\x00\x00\x00\xff\x00\x00\x00\x00", "1095216660480 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPattern(64, ws.OpText)
			var m member
			var answers []byte
			_, err := m.parse(0, []byte(tt.bytes), &p, newLedger(2, 1, 1, 1), &answers)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("parse(%q) = %v, want an error with %q", tt.bytes, err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	raw, v1 := newPattern(32, ws.OpText), newWrappedPattern(32, V1)
	f.Add(stream(f, &raw, newLedger(10, 1, 2, 20)), 7, false)
	f.Add(streamV1(f, &v1, newLedger(10, 1, 2, 20)), 7, true)
	f.Add([]byte("\x81\x92"+messageStart+strings.Repeat("0", 85)+messageText+strings.Repeat("0", 32)+messageEnd), 7, true) // masked
	f.Fuzz(func(t *testing.T, b []byte, at int, talks bool) {
		p := raw
		if talks {
			p = v1
		}
		whole, split := newLedger(10, 1, 2, 20), newLedger(10, 1, 2, 20)
		var one, two member
		var answers, again []byte
		rest, err := one.parse(9, b, &p, whole, &answers)
		if at < 0 || at > len(b) {
			return
		}
		left, splitErr := two.parse(9, b[:at], &p, split, &again)
		if splitErr == nil {
			left, splitErr = two.parse(9, append(bytes.Clone(left), b[at:]...), &p, split, &again)
		}
		if (err == nil) != (splitErr == nil) || err == nil && !bytes.Equal(rest, left) || !bytes.Equal(answers, again) || whole.foreign != split.foreign {
			t.Errorf("parse in one piece: %q, %v; in two: %q, %v", rest, err, left, splitErr)
		}
	})
}

// A delivery must cost less here than in any server.
func BenchmarkParse(b *testing.B) {
	const senders = 256
	p := newPattern(64, ws.OpText)
	var chunk []byte
	for sender := range senders {
		frame := p.clientFrame()
		p.identify(frame, sender, 1)
		chunk = append(append(chunk, p.header...), frame[len(frame)-p.size:]...)
	}
	l := newLedger(1000, 1, senders, senders)
	for sender := range senders {
		l.send(sender, 0, 0)
	}
	var m member
	var answers []byte
	for b.Loop() {
		if _, err := m.parse(500, chunk, &p, l, &answers); err != nil {
			b.Fatal(err)
		}
		for s := range senders {
			l.next[500*senders+s] = 1 // the same once more
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.Elapsed())/float64(b.N*senders), "ns/delivery")
}
