package transport_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"recado"
	"recado/internal/transport"
)

// While somebody talks without a pause, others are cut off and resume, over and over: what each of them gets is every
// message, once, in order, in an unbroken chain.
func TestResumeUnderLoad(t *testing.T) {
	const messages, readers = 6000, 4
	s := newServer(t, transport.Config{Limits: recado.Limits{HistoryMessages: messages, HistoryBytes: 64 << 20, Queue: 64 << 20}})
	_, w := s.enter(t, "ops", "")
	start := w["position"].(string)
	var all sync.WaitGroup
	for r := range readers {
		all.Go(func() { readAll(t, s, start, messages, 100+50*r) })
	}
	sender := s.join(t, "/ops", "", "")
	for i := range messages {
		sender.send(t, final(text, strconv.Itoa(i)))
	}
	all.Wait()
}

// readAll resumes from the position, again after so many messages, until it has all of them.
func readAll(t *testing.T, s *server, position string, messages, cutAfter int) {
	t.Helper()
	next := 0
	for next < messages {
		p, w := s.enter(t, "ops", fmt.Sprintf(`,"since":%q`, position))
		delete(w, "members")
		if w["recovered"] != true || w["position"] != position {
			t.Errorf("welcome is %v, want recovered at %s", w, position)
			return
		}
		epoch, last, _ := strings.Cut(position, ".")
		for read := 0; next < messages && read < cutAfter; read++ {
			f, shown := p.read(t)
			if f["type"] != "message" || f["text"] != strconv.Itoa(next) || fmt.Sprintf("%.0f", f["prev"]) != last {
				t.Errorf("received %s, want message %d after seq %s", shown, next, last)
				return
			}
			next, last = next+1, fmt.Sprintf("%.0f", f["seq"])
		}
		position = epoch + "." + last
		_ = p.Close()
	}
}

// A raw client can have the history first, and be recognised by its session; its own messages are not in it.
func TestRawReplay(t *testing.T) {
	s := newServer(t, transport.Config{})
	ana := s.join(t, "/ops?session="+anaSession+"&name=ana", "", "")
	beto, w := s.enter(t, "ops", `,"name":"beto"`)
	if list := fmt.Sprint(w["members"]); !strings.Contains(list, "name:ana") {
		t.Errorf("members are %s, want ana among them", list)
	}
	ana.send(t, final(text, "a1"))
	first := beto.want(t, `{"type":"message","text":"a1","from":{"name":"ana"}}`)
	beto.say(t, `{"type":"publish","text":"b1"}`, `{"type":"publish","json":[1]}`, `{"type":"publish","base64":"AQ=="}`)
	ana.expect(t, "text b1", "text [1]", "binary \x01")
	all := s.join(t, "/ops?since=all", "", "")
	all.expect(t, "text a1", "text b1", "text [1]", "binary \x01")
	epoch, _, _ := strings.Cut(w["position"].(string), ".")
	some := s.join(t, fmt.Sprintf("/ops?since=%s.%.0f", epoch, first["seq"]), "", "")
	some.expect(t, "text b1", "text [1]", "binary \x01")
	again := s.join(t, "/ops?since=all&session="+anaSession, "", "")
	ana.expect(t, "close 4003 session_replaced")
	again.expect(t, "text b1", "text [1]", "binary \x01")
	again.send(t, final(text, "a2"))
	all.expect(t, "text a2")
	some.expect(t, "text a2")
	beto.want(t, `{"type":"ack"}`, `{"type":"ack"}`, `{"type":"ack"}`, `{"type":"message","text":"a2"}`)
}

// Compression does not change what recado.v1 says.
func TestTalkCompressed(t *testing.T) {
	s := newServer(t, transport.Config{Compress: true})
	p := talker{s.join(t, "/ops", "Sec-WebSocket-Protocol: recado.v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n", "")}
	p.window = 15
	p.say(t, `{"type":"hello"}`)
	p.want(t, `{"type":"welcome"}`)
	plain, _ := s.enter(t, "ops", "")
	long := strings.Repeat("palavra ", 200)
	plain.say(t, `{"type":"publish","text":"`+long+`"}`)
	p.want(t, `{"type":"message","text":"`+long+`"}`)
	if p.compressed != 1 {
		t.Errorf("%d frames were compressed, want 1", p.compressed)
	}
}
