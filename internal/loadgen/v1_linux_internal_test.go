//go:build linux

package loadgen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// said is the text of the next message of a sender.
func said(p *pattern, l *ledger, sender int) string {
	frame := p.clientFrame()
	p.identify(frame, sender, l.send(sender, 0, 0))
	return string(frame[len(frame)-len(publishEnd)-p.size : len(frame)-len(publishEnd)])
}

// events are frames of JSON as a server of recado.v1 could send them to member 9: 20 messages of two senders, one of
// somebody else's, and what is no message.
func events(p *pattern, l *ledger) (frames []string) {
	for i := range 20 {
		text := said(p, l, i%2)
		switch i {
		case 3:
			frames = append(frames, `{"type":"ack","id":"c17","seq":45,"prev":44}`, `{"type":"message","seq":46,"prev":45,"text":"oi"}`,
				`{"type":"welcome","room":"`+strings.Repeat("a", 2*foreignSize)+`"}`, `{"type":"join","member":{"id":"m1","name":"ana"}}`, ` { "member_count" : 3 , "type" : "count" } `,
				`{"type":"error","code":"rate_limited","message":"more than 1000 messages a second"}`)
		case 5: // as another server may write it
			frames = append(frames, `{"text": "`+text+`", "from": {"name": ",\"text\":\"`+text+`"}, "type": "message"}`)
			continue
		case 7:
			frames = append(frames, `{"type":"message","text":"`+text+`","event":"load"}`)
			continue
		case 9:
			frames = append(frames, `{"type":"message","text":"`+fmt.Sprintf(`\u%04x`, text[0])+text[1:]+`"}`)
			continue
		}
		frames = append(frames, `{"type":"message","seq":42,"prev":41,"time":"2026-11-22T12:00:00.123Z","from":{"id":"m1","name":"beto"},"text":"`+text+`"}`)
	}
	return frames
}

func TestParseV1Refuses(t *testing.T) {
	for event, want := range map[string]string{
		`{"type":"error","code":"message_too_big","message":"too big"}`: "message_too_big: too big",
		`{"message":"?","type":"error"}`:                                "the server refuses a frame",
		`{"type":"message"`:                                             "not of recado.v1",
		`oi`:                                                            "not of recado.v1",
		strings.Repeat(" ", largestEvent+1):                             "a frame of 1048577 bytes",
	} {
		p := newWrappedPattern(64, V1)
		var frame bytes.Buffer
		ws.WriteFrame(&frame, ws.NewTextFrame([]byte(event)))
		_, err := new(member).parse(0, frame.Bytes(), &p, newLedger(2, 1, 1, 1), new([]byte))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parse(%.40q) = %v, want an error with %q", event, err, want)
		}
	}
}

// What a member says is a publish with an id of its own.
func TestPublish(t *testing.T) {
	p := newWrappedPattern(200, V1)
	frame := p.clientFrame()
	for number := range uint32(2) {
		p.identify(frame, 513, number)
		header, err := ws.ReadHeader(bytes.NewReader(frame))
		if err != nil || int(header.Length) != len(frame)-ws.HeaderSize(header) {
			t.Fatalf("a frame with the header %+v, %v and %d bytes", header, err, len(frame))
		}
		var said struct{ Type, ID, Text string }
		if err := json.Unmarshal(frame[ws.HeaderSize(header):], &said); err != nil || said.Type != "publish" || said.ID != said.Text[:8] {
			t.Errorf("%q is %+v, %v, want a publish with the identity as its id", frame, said, err)
		}
		if sender, n, ok := p.read([]byte(said.Text)); !ok || sender != 513 || n != number {
			t.Errorf("read(%q) = %d, %d, %v, want 513, %d", said.Text, sender, n, ok, number)
		}
	}
}

// Most messages are found by the short way, which finds what the long one does.
func TestUsual(t *testing.T) {
	p := newWrappedPattern(64, V1)
	short := 0
	for _, event := range events(&p, newLedger(10, 1, 2, 20)) {
		var frame bytes.Buffer
		ws.WriteFrame(&frame, ws.NewTextFrame([]byte(event)))
		text, end := p.usual(frame.Bytes())
		if end == 0 {
			continue
		}
		short++
		message, is, err := p.unwrap([]byte(event))
		if !is || err != nil || !bytes.Equal(message, text) || end != frame.Len() {
			t.Errorf("usual(%q) = %q, %d, unwrap = %q, %v, %v", event, text, end, message, is, err)
		}
	}
	if short != 17 {
		t.Errorf("%d messages were found by the short way, want 17", short)
	}
}

// streamV1 is stream for recado.v1.
func streamV1(tb testing.TB, p *pattern, l *ledger) []byte {
	tb.Helper()
	var out bytes.Buffer
	write := func(f ws.Frame) {
		if err := ws.WriteFrame(&out, f); err != nil {
			tb.Fatal(err)
		}
	}
	for i, event := range events(p, l) {
		if i%7 == 6 {
			write(ws.NewPingFrame([]byte("are you there")))
			write(ws.NewFrame(ws.OpText, false, []byte(event[:20])))
			write(ws.NewPongFrame(nil))
			write(ws.NewFrame(ws.OpContinuation, true, []byte(event[20:])))
			continue
		}
		write(ws.NewTextFrame([]byte(event)))
	}
	return out.Bytes()
}

func BenchmarkParseV1(b *testing.B) {
	const senders = 256
	p := newWrappedPattern(64, V1)
	l := newLedger(1000, 1, senders, senders)
	var chunk bytes.Buffer
	for sender := range senders {
		ws.WriteFrame(&chunk, ws.NewTextFrame([]byte(`{"type":"message","seq":123456,"prev":123455,"time":"2026-11-22T12:00:00.123Z",`+
			`"from":{"id":"m2yzsq3gqqxw7wqjkr7hykb3cbu","name":"dobali"},"text":"`+said(&p, l, sender)+`"}`)))
	}
	var m member
	var answers []byte
	for b.Loop() {
		if _, err := m.parse(500, chunk.Bytes(), &p, l, &answers); err != nil {
			b.Fatal(err)
		}
		for s := range senders {
			l.next[500*senders+s] = 1 // the same once more
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.Elapsed())/float64(b.N*senders), "ns/delivery")
}
