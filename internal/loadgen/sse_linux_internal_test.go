package loadgen

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// streamSSE has 20 messages of two senders, one of somebody else's, and what is no message, in chunks of any size or
// one for each event.
func streamSSE(p *pattern, l *ledger, torn bool) []byte {
	var events []string
	for i, object := range objects(p, l) {
		event := fmt.Sprintf("id: k3f9.%d\ndata: %s\n\n", i, object)
		switch i {
		case 4:
			event = "data:" + object + "\nid: k3f9.4\n\n"
		case 6:
			events = append(events, ":\n\n", "id: k3f9.5\n\n", "event: gap\ndata: {\"type\":\"gap\",\"from\":1,\"to\":2}\n\n")
		}
		events = append(events, event)
	}
	if torn {
		whole := strings.Join(events, "")
		for events = nil; len(whole) > 0; {
			n := min(len(whole), 1+rand.IntN(300))
			events, whole = append(events, whole[:n]), whole[n:]
		}
	}
	var out bytes.Buffer
	for i, content := range events {
		fmt.Fprintf(&out, "%x%s\r\n%s\r\n", len(content), []string{"", ";extension=1"}[i%2], content)
	}
	return out.Bytes()
}

// objects is what events makes, without what is only for a frame.
func objects(p *pattern, l *ledger) (those []string) {
	for _, object := range events(p, l) {
		if !strings.Contains(object, `"error"`) {
			those = append(those, object)
		}
	}
	return those
}

func TestParseSSE(t *testing.T) {
	for _, torn := range []bool{false, true} {
		for range 30 {
			p, l := newWrappedPattern(64, V1), newLedger(10, 1, 2, 20)
			rest := streamSSE(&p, l, torn)
			p.speaks = SSE
			var m member
			for len(rest) > 0 {
				n := min(len(rest), 1+rand.IntN(500))
				left, err := m.parse(9, append(m.partial, rest[:n]...), &p, l, nil)
				if err != nil {
					t.Fatal(err)
				}
				m.keep(left)
				rest = rest[n:]
			}
			for _, i := range l.touched {
				l.settle(i)
			}
			if l.deliveries != 20 || l.foreign != 1 || l.outOfOrder+l.duplicated != 0 || len(m.partial)+len(m.message) > 0 {
				t.Errorf("torn: %v: %d delivered, %d foreign, %d out of order, %d left, want 20, 1, 0, 0",
					torn, l.deliveries, l.foreign, l.outOfOrder, len(m.partial)+len(m.message))
			}
		}
	}
}

// Most messages are found by the short way.
func TestUsualChunk(t *testing.T) {
	p := newWrappedPattern(64, V1)
	text := said(&p, newLedger(10, 1, 2, 20), 1)
	p.speaks = SSE
	object := `{"position":"k3f9.2","type":"message","seq":2,"text":"` + text + `"}`
	for event, want := range map[string]bool{
		"id: k3f9.2\ndata: " + object + "\n\n":                                true,
		"data: " + object + "\n\n":                                            true,
		"id: k3f9.2\ndata: " + object + "\n\nid: 3\ndata: " + object + "\n\n": false,
		"id: k3f9.2\ndata: " + object + "\n":                                  false,
		"data: {}\n\n":                                                        false,
		"event: x\ndata: " + object + "\n\n":                                  false,
	} {
		chunk := fmt.Appendf(nil, "%x\r\n%s\r\n", len(event), event)
		got, end := p.usual(chunk)
		if want != (end == len(chunk)) || want && string(got) != text {
			t.Errorf("usual(%q) = %q, %d", event, got, end)
		}
		if got, end := p.usual(chunk[:len(chunk)-1]); end != 0 {
			t.Errorf("usual of the same without its end = %q, %d", got, end)
		}
	}
}

func TestParseSSERefuses(t *testing.T) {
	for stream, want := range map[string]string{
		"0\r\n\r\n":                     "ended the stream",
		"g\r\n":                         "broken size",
		strings.Repeat("1", 200):        "broken size",
		"8\r\ndata: x\n\r\n1\r\n\n\r\n": "not of sse",
		"1fffff\r\n" + strings.Repeat("x", 3*largestEvent): "an event of more than",
	} {
		p := newWrappedPattern(64, SSE)
		if _, err := new(member).parse(0, []byte(stream), &p, newLedger(2, 1, 1, 1), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parse(%.40q) = %v, want an error with %q", stream, err, want)
		}
	}
}

func TestParseAnswers(t *testing.T) {
	answers := []byte(strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 2) + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
	for n := range answers {
		rest, err := parseAnswers(answers[:n])
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseAnswers(append(bytes.Clone(rest), answers[n:]...))
		if err != nil || len(again) > 0 {
			t.Fatalf("cut at %d: %q, %v is left", n, again, err)
		}
	}
	if _, err := parseAnswers([]byte("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")); err == nil || !strings.Contains(err.Error(), "413") {
		t.Errorf("parseAnswers: %v, want the status", err)
	}
}

func BenchmarkParseSSE(b *testing.B) {
	const senders = 256
	p := newWrappedPattern(64, V1)
	l := newLedger(1000, 1, senders, senders)
	var chunk bytes.Buffer
	for sender := range senders {
		event := `id: k3f9a.123456` + "\n" + `data: {"position":"k3f9a.123456","type":"message","seq":123456,"prev":123455,"time":"2026-11-22T12:00:00.123Z",` +
			`"from":{"id":"m2yzsq3gqqxw7wqjkr7hykb3cbu","name":"dobali"},"text":"` + said(&p, l, sender) + `"}` + "\n\n"
		fmt.Fprintf(&chunk, "%x\r\n%s\r\n", len(event), event)
	}
	p.speaks = SSE
	var m member
	for b.Loop() {
		if _, err := m.parse(500, chunk.Bytes(), &p, l, nil); err != nil {
			b.Fatal(err)
		}
		for s := range senders {
			l.next[500*senders+s] = 1 // the same once more
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.Elapsed())/float64(b.N*senders), "ns/delivery")
}
