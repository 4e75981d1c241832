package transport_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"recado"
	"recado/internal/transport"
)

// A talker is a client of recado.v1 that sends and sees frames.
type talker struct{ *peer }

// frame is what a text frame says.
type frame map[string]any

// talk opens a connection to the room and sends the frames.
func (s *server) talk(t *testing.T, room string, frames ...string) talker {
	t.Helper()
	p := talker{s.join(t, "/"+room, "Sec-WebSocket-Protocol: recado.v1\r\n", "")}
	if chosen := p.answer.Header.Get("Sec-WebSocket-Protocol"); chosen != "recado.v1" {
		t.Fatalf("subprotocol %q chosen, want recado.v1", chosen)
	}
	p.say(t, frames...)
	return p
}

// enter opens a connection and says hello, with these fields, and returns the welcome.
func (s *server) enter(t *testing.T, room, fields string) (talker, frame) {
	t.Helper()
	p := s.talk(t, room, `{"type":"hello"`+fields+`}`)
	return p, p.want(t, `{"type":"welcome"}`)
}

func (p talker) say(t *testing.T, frames ...string) {
	t.Helper()
	for _, f := range frames {
		p.send(t, final(text, f))
	}
}

// read returns the next frame that is not one of presence; what ends the connection is shown as show does.
func (p talker) read(t *testing.T) (frame, string) {
	t.Helper()
	for {
		first, payload, err := p.readFrame()
		if err != nil {
			return nil, err.Error()
		}
		if first == 0xc0|text {
			p.compressed++
			first = 0x80 | text
			if payload, err = inflate(payload, p.window); err != nil {
				return nil, err.Error()
			}
		}
		if first != 0x80|text {
			return nil, show(first&0xf, string(payload))
		}
		var f frame
		if err := json.Unmarshal(payload, &f); err != nil {
			t.Fatalf("frame %q: %v", payload, err)
		}
		if !slices.Contains([]string{"join", "leave", "rename", "count"}, fmt.Sprint(f["type"])) {
			return f, string(payload)
		}
	}
}

// want reads frames that have at least these fields each, and returns the last one.
func (p talker) want(t *testing.T, wants ...string) frame {
	t.Helper()
	var last frame
	for _, want := range wants {
		var fields frame
		if err := json.Unmarshal([]byte(want), &fields); err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		f, shown := p.read(t)
		if f == nil || !contains(map[string]any(f), map[string]any(fields)) {
			t.Fatalf("received %s\nwant     %s", shown, want)
		}
		last = f
	}
	return last
}

// contains reports whether got has all that want has.
func contains(got, want any) bool {
	object, is := want.(map[string]any)
	if !is {
		return reflect.DeepEqual(got, want)
	}
	other, is := got.(map[string]any)
	for key, value := range object {
		if !is || !contains(other[key], value) {
			return false
		}
	}
	return is
}

// wantEnd reads the end of the connection.
func (p talker) wantEnd(t *testing.T, want string) {
	t.Helper()
	if _, got := p.read(t); got != want {
		t.Fatalf("received %s, want %s", got, want)
	}
}

// cut ends the connection as a broken network does, and waits until the server knows.
func (s *server) cut(t *testing.T, p talker, clients int) {
	t.Helper()
	_ = p.Close()
	s.log.wait(t, "client disconnected", fmt.Sprintf("clients=%d", clients))
}

const (
	anaSession  = "ana-ana-ana-ana-ana-ana"
	betoSession = "beto-beto-beto-beto-beto"
)

func TestTalk(t *testing.T) {
	s := newServer(t, transport.Config{})
	ana, w := s.enter(t, "ops", `,"name":" ana ","session":"`+anaSession+`"`)
	you := frame{"id": recado.NewMemberID([]byte(anaSession)).String(), "name": "ana"}
	if w["room"] != "ops" || w["session"] != anaSession || !contains(w["you"], map[string]any(you)) ||
		w["member_count"] != 1.0 || w["recovered"] != false || w["replay"] != 0.0 || w["ping_seconds"] != 25.0 {
		t.Errorf("welcome is %v", w)
	}
	beto, w := s.enter(t, "ops", "")
	if secret, _ := w["session"].(string); recado.CheckSession(secret) != nil || w["member_count"] != 2.0 {
		t.Errorf("welcome without a session is %v", w)
	}
	raw := s.join(t, "/ops", "", "")
	ana.say(t, `{"type":"publish","id":"1","text":"olá \"<b>\u2028"}`, `{"type":"publish","json":{"a": [1, 2]},"event":"state"}`,
		`{"type":"publish","id":"3","base64":"AP8="}`, `{"type":"publish","id":"4","text":"typing","ephemeral":true}`,
		`{"type":"publish","id":"5","text":"done","from":{"id":"m","name":"forged"}}`)
	first := ana.want(t, `{"type":"ack","id":"1"}`)
	second := ana.want(t, `{"type":"ack"}`)
	if first["seq"] != second["prev"] || second["id"] != nil {
		t.Errorf("acks are %v and %v", first, second)
	}
	ana.want(t, `{"type":"ack","id":"3"}`, `{"type":"ack","id":"5"}`)
	ana.say(t, `{"type":"ping"}`) // sooner, the pong could come before an ack that another goroutine writes
	ana.want(t, `{"type":"pong"}`)
	m := beto.want(t, `{"type":"message","text":"olá \"<b>\u2028","from":{"name":"ana"}}`)
	if m["seq"] != first["seq"] || !contains(m["from"], map[string]any(you)) || m["time"] == nil {
		t.Errorf("message is %v, its ack was %v", m, first)
	}
	beto.want(t, `{"type":"message","json":{"a":[1,2]},"event":"state"}`, `{"type":"message","base64":"AP8="}`,
		`{"type":"message","text":"typing","ephemeral":true,"seq":null}`,
		`{"type":"message","text":"done","from":{"name":"ana"}}`)
	raw.expect(t, "text olá \"<b>\u2028", `text {"a":[1,2]}`, "binary \x00\xff", "text done")
	raw.send(t, final(text, "from raw")+final(binaryData, "\x01"))
	for _, p := range []talker{ana, beto} {
		p.want(t, `{"type":"message","text":"from raw"}`, `{"type":"message","base64":"AQ=="}`)
	}
}

// With echo the message comes, and then its ack, in the same place.
func TestTalkEcho(t *testing.T) {
	s := newServer(t, transport.Config{})
	p, _ := s.enter(t, "ops", `,"echo":true`)
	p.say(t, `{"type":"publish","id":"1","text":"oi"}`)
	m := p.want(t, `{"type":"message","text":"oi"}`)
	if a := p.want(t, `{"type":"ack","id":"1"}`); a["seq"] != m["seq"] || a["prev"] != m["prev"] {
		t.Errorf("message %v, ack %v", m, a)
	}
}

func TestHelloComesFirst(t *testing.T) {
	s := newServer(t, transport.Config{})
	for name, tt := range map[string]struct {
		frames []string
		want   []string
		end    string
	}{
		"another frame":  {[]string{`{"type":"publish","text":"oi"}`}, nil, "close 4504 hello_expected"},
		"ping":           {[]string{`{"type":"ping"}`}, nil, "close 4504 hello_expected"},
		"then a bad one": {[]string{`{`, `{"type":"publish","text":"oi"}`}, []string{`{"type":"error","code":"bad_json"}`}, "close 4504 hello_expected"},
		"corrected": {[]string{
			`{"type":"hello","session":"short"}`, `{"type":"hello","name":"\u200b"}`, `{"type":"hello","since":"x"}`,
			`{"type":"hello","name":7}`, `{"type":"hello","name":"ana"}`,
		}, []string{
			`{"type":"error","code":"session_invalid"}`, `{"type":"error","code":"name_invalid"}`,
			`{"type":"error","code":"position_invalid"}`, `{"type":"error","code":"bad_field"}`, `{"type":"welcome","you":{"name":"ana"}}`,
		}, ""},
		"twice": {[]string{`{"type":"hello"}`, `{"type":"hello"}`}, []string{
			`{"type":"welcome"}`, `{"type":"error","code":"hello_repeated"}`,
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.talk(t, "ops", tt.frames...)
			p.want(t, tt.want...)
			if tt.end != "" {
				p.wantEnd(t, tt.end)
			} else {
				p.say(t, `{"type":"ping"}`)
				p.want(t, `{"type":"pong"}`)
			}
		})
	}
	p := s.talk(t, "ops")
	p.send(t, final(binaryData, "{}"))
	p.wantEnd(t, "close 1003 wrong_frame_type")
}

// What cannot be done is answered with an error; the connection goes on, and nobody else notices.
func TestBadCommands(t *testing.T) {
	s := newServer(t, transport.Config{Limits: recado.Limits{MessageSize: 100}})
	p, _ := s.enter(t, "ops", "")
	other, _ := s.enter(t, "ops", "")
	for name, tt := range map[string]struct{ send, code, id string }{
		"no JSON":            {"oi", "bad_json", ""},
		"unknown type":       {`{"type":"dance"}`, "unknown_type", ""},
		"nothing to publish": {`{"type":"publish","id":"1"}`, "publish_invalid", "1"},
		"too much":           {`{"type":"publish","id":"1","text":"a","json":1}`, "publish_invalid", "1"},
		"no base64":          {`{"type":"publish","id":"1","base64":"?"}`, "base64_invalid", "1"},
		"too big":            {`{"type":"publish","id":"1","text":"` + strings.Repeat("a", 101) + `"}`, "message_too_big", "1"},
		"name":               {`{"type":"rename","id":"r","name":"` + strings.Repeat("a", 33) + `"}`, "name_invalid", "r"},
		"another hello":      {`{"type":"hello","id":"h"}`, "hello_repeated", "h"},
		"no token":           {`{"type":"auth","id":"a"}`, "bad_field", "a"},
		"position":           {`{"type":"history","id":"h","before":"zz.3"}`, "position_invalid", "h"},
		"limit":              {`{"type":"history","id":"h","limit":-1}`, "history_invalid", "h"},
	} {
		t.Run(name, func(t *testing.T) {
			p.say(t, tt.send)
			f := p.want(t, `{"type":"error"}`)
			id, _ := f["id"].(string)
			if f["code"] != tt.code || id != tt.id || f["message"] == "" {
				t.Errorf("%s is answered with %v, want code %s and id %q", tt.send, f, tt.code, tt.id)
			}
		})
	}
	p.say(t, `{"type":"publish","text":"`+strings.Repeat(`\u0061`, 100)+`"}`) // 100 bytes of payload in a frame of 600
	p.want(t, `{"type":"ack"}`)
	other.want(t, `{"type":"message","text":"`+strings.Repeat("a", 100)+`"}`)
	p.say(t, `{"type":"publish","text":"`+strings.Repeat(" ", 6*100+4<<10)+`"}`)
	p.wantEnd(t, "close 1009 message_too_big")
}

// Promise 3: who comes back with its session and position gets what it missed, each once, and learns what has become
// of what it said itself.
func TestResume(t *testing.T) {
	s := newServer(t, transport.Config{})
	ana, w := s.enter(t, "ops", `,"name":"ana","session":"`+anaSession+`"`)
	raw := s.join(t, "/ops", "", "")
	ana.say(t, `{"type":"publish","id":"1","text":"a1"}`)
	ack := ana.want(t, `{"type":"ack","id":"1"}`)
	epoch, _, _ := strings.Cut(w["position"].(string), ".")
	since := fmt.Sprintf("%s.%v", epoch, ack["seq"])
	raw.expect(t, "text a1")
	raw.send(t, final(text, "r1"))
	ana.want(t, `{"type":"message","text":"r1"}`)
	ana.say(t, `{"type":"publish","id":"2","text":"a2"}`)
	raw.expect(t, "text a2")
	s.cut(t, ana, 1)
	raw.send(t, final(text, "r2"))
	s.log.wait(t, "message relayed", "bytes=2")
	again, w := s.enter(t, "ops", fmt.Sprintf(`,"name":"ana","session":%q,"since":%q,"history":9`, anaSession, since))
	if w["recovered"] != true || w["position"] != since || w["replay"] != 3.0 {
		t.Errorf("welcome is %v, want recovered at %s with 3 to replay", w, since)
	}
	one := again.want(t, `{"type":"message","text":"r1"}`)
	two := again.want(t, `{"type":"ack","id":"2"}`)
	three := again.want(t, `{"type":"message","text":"r2"}`)
	if one["prev"] != ack["seq"] || two["prev"] != one["seq"] || three["prev"] != two["seq"] {
		t.Errorf("no chain: %v %v %v", one, two, three)
	}
	again.say(t, `{"type":"publish","id":"2","text":"a2"}`, `{"type":"publish","id":"3","text":"a3"}`)
	dup := again.want(t, `{"type":"ack","id":"2","duplicate":true}`)
	if dup["seq"] != two["seq"] {
		t.Errorf("the resent message is acked with %v, first with %v", dup, two)
	}
	again.want(t, `{"type":"ack","id":"3"}`)
	raw.expect(t, "text a3")
}

// What cannot be resumed without loss is announced as a gap, and the rest follows.
func TestResumeWithGap(t *testing.T) {
	s := newServer(t, transport.Config{Limits: recado.Limits{HistoryMessages: 3}})
	ana, w := s.enter(t, "ops", `,"session":"`+anaSession+`"`)
	start := w["position"].(string)
	epoch, _, _ := strings.Cut(start, ".")
	for i := range 5 {
		ana.say(t, fmt.Sprintf(`{"type":"publish","text":"%d"}`, i))
	}
	var acks []frame
	for range 5 {
		acks = append(acks, ana.want(t, `{"type":"ack"}`))
	}
	for name, tt := range map[string]struct{ since, gap string }{
		"expired":      {start, fmt.Sprintf(`{"type":"gap","reason":"expired","from":1,"to":%v,"position":"%s.%[1]v"}`, acks[1]["seq"], epoch)},
		"epoch":        {"zz.3", fmt.Sprintf(`{"type":"gap","reason":"epoch","from":null,"position":"%s.%v"}`, epoch, acks[1]["seq"])},
		"the future":   {epoch + ".99", fmt.Sprintf(`{"type":"gap","reason":"epoch","position":"%s.%v"}`, epoch, acks[1]["seq"])},
		"no gap after": {fmt.Sprintf("%s.%v", epoch, acks[1]["seq"]), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, w := s.enter(t, "ops", fmt.Sprintf(`,"since":%q`, tt.since))
			if w["recovered"] != (tt.gap == "") || w["replay"] != 3.0 {
				t.Errorf("welcome is %v", w)
			}
			if tt.gap != "" {
				gap := p.want(t, tt.gap)
				if gap["position"] != w["position"] {
					t.Errorf("gap ends at %v, welcome is at %v", gap["position"], w["position"])
				}
			}
			p.want(t, `{"type":"message","text":"2"}`, `{"type":"message","text":"3"}`, `{"type":"message","text":"4"}`)
		})
	}
}

func TestHistory(t *testing.T) {
	s := newServer(t, transport.Config{})
	ana, _ := s.enter(t, "ops", `,"name":"ana"`)
	for i := range 9 {
		ana.say(t, fmt.Sprintf(`{"type":"publish","text":"%d"}`, i))
		ana.want(t, `{"type":"ack"}`)
	}
	beto, w := s.enter(t, "ops", `,"history":4`)
	h := beto.want(t, `{"type":"history","more":true}`)
	messages := h["messages"].([]any)
	first, last := messages[0].(map[string]any), messages[3].(map[string]any)
	if len(messages) != 4 || first["text"] != "5" || last["text"] != "8" || h["id"] != nil ||
		!strings.HasSuffix(w["position"].(string), fmt.Sprintf(".%v", last["seq"])) {
		t.Errorf("welcome at %v, history %v", w["position"], h)
	}
	epoch, _, _ := strings.Cut(w["position"].(string), ".")
	beto.say(t, fmt.Sprintf(`{"type":"history","id":"h1","before":"%s.%v","limit":99999}`, epoch, first["seq"]))
	h = beto.want(t, `{"type":"history","id":"h1","more":false}`)
	if messages = h["messages"].([]any); len(messages) != 5 || messages[0].(map[string]any)["text"] != "0" {
		t.Errorf("earlier history is %v", h)
	}
	ana.say(t, `{"type":"history","id":"mine","limit":1}`)
	h = ana.want(t, `{"type":"history","id":"mine"}`)
	if messages = h["messages"].([]any); !contains(messages[0], map[string]any{"text": "8", "type": "message"}) {
		t.Errorf("the history leaves the own message out: %v", h)
	}
	ana.say(t, `{"type":"publish","text":"live"}`)
	beto.want(t, `{"type":"message","text":"live"}`)
}

// A second connection with the session takes the place of the first one.
func TestSessionReplaced(t *testing.T) {
	s := newServer(t, transport.Config{})
	first, _ := s.enter(t, "ops", `,"session":"`+anaSession+`"`)
	second, w := s.enter(t, "ops", `,"session":"`+anaSession+`"`)
	first.wantEnd(t, "close 4003 session_replaced")
	if w["member_count"] != 1.0 {
		t.Errorf("welcome is %v, want one member", w)
	}
	second.say(t, `{"type":"publish","id":"1","text":"oi"}`)
	second.want(t, `{"type":"ack","id":"1"}`)
	elsewhere, _ := s.enter(t, "lobby", `,"session":"`+anaSession+`"`) // one in each room
	elsewhere.say(t, `{"type":"ping"}`)
	elsewhere.want(t, `{"type":"pong"}`)
	second.say(t, `{"type":"ping"}`)
	second.want(t, `{"type":"pong"}`)
}

func TestPresenceOverTheWire(t *testing.T) {
	s := newServer(t, transport.Config{})
	ana, _ := s.enter(t, "ops", `,"name":"ana","session":"`+anaSession+`"`)
	beto, w := s.enter(t, "ops", `,"name":"beto","session":"`+betoSession+`"`)
	if list := fmt.Sprint(w["members"]); !strings.Contains(list, "ana") || !strings.Contains(list, "beto") {
		t.Errorf("members are %v", list)
	}
	ana.wantPresence(t, "join", "beto")
	beto.say(t, `{"type":"rename","name":"roberto"}`)
	ana.wantPresence(t, "rename", "roberto")
	beto.wantPresence(t, "rename", "roberto")
	beto.send(t, closing(1000, "bye"))
	ana.wantPresence(t, "leave", "roberto")
}

// wantPresence reads the next frame.
func (p talker) wantPresence(t *testing.T, change, name string) {
	t.Helper()
	_, payload, err := p.readFrame()
	var f struct {
		Type   string
		Member struct{ ID, Name string }
	}
	if err == nil {
		err = json.Unmarshal(payload, &f)
	}
	if err != nil || f.Type != change || f.Member.Name != name || f.Member.ID == "" {
		t.Fatalf("received %s, %v, want %s of %s", payload, err, change, name)
	}
}
