package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"recado"
	"recado/internal/auth"
	"recado/internal/broker/memory"
	"recado/internal/server"
)

const (
	anaSession = "ana-ana-ana-ana-ana-ana"
	key        = "8a6e0804-2bd0-4672-b79d-d97027f9071a"
)

// do makes a request of a server's and returns the answer; header is "Name: value" lines.
func do(t *testing.T, s *running, method, target, body string, header ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.at.Listen+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	client := http.Client{Timeout: patience}
	response, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	t.Cleanup(func() {
		response.Body.Close()
		client.CloseIdleConnections()
	})
	return reply{response.StatusCode, response.Header, response.Body}
}

// A reply can be read until the end of the test.
type reply struct {
	StatusCode int
	Header     http.Header
	Body       io.Reader
}

// answerOf reads a JSON answer.
func answerOf(t *testing.T, response reply) map[string]any {
	t.Helper()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v: %v", response.StatusCode, err, answer)
	}
	return answer
}

// A stream is an endless answer, read line by line.
type stream struct{ lines *bufio.Reader }

func listen(t *testing.T, s *running, target string, header ...string) stream {
	t.Helper()
	response := do(t, s, http.MethodGet, target, "", header...)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: status %d", target, response.StatusCode)
	}
	return stream{bufio.NewReader(response.Body)}
}

// want reads lines that contain these.
func (s stream) want(t *testing.T, wants ...string) string {
	t.Helper()
	var line string
	for _, want := range wants {
		var err error
		if line, err = s.lines.ReadString('\n'); err != nil || !strings.Contains(line, want) {
			t.Fatalf("read %q, %v, want %q", line, err, want)
		}
	}
	return strings.TrimSuffix(line, "\n")
}

// Everybody in a room hears everybody else, whatever they speak.
func TestOneRoomManyProtocols(t *testing.T) {
	s := start(t, nil)
	raw := join(t, s.at.Listen, "/ops")
	text := listen(t, s, "/ops")
	lines := listen(t, s, "/ops?name=ana&session="+anaSession, "Accept: application/x-ndjson")
	events := listen(t, s, "/ops", "Accept: text/event-stream")
	events.want(t, "retry: ", "id: ", "")

	got := answerOf(t, do(t, s, http.MethodPost, "/ops?name=beto", "olá\nmundo"))
	position, _ := got["position"].(string)
	if got["room"] != "ops" || got["seq"] != 1.0 || got["receivers"] != 4.0 || !strings.HasSuffix(position, ".1") {
		t.Errorf("published: %v", got)
	}
	raw.wantText(t, "olá\nmundo")
	text.want(t, `olá\nmundo`)
	if line := lines.want(t, `"text":"olá\nmundo"`); !strings.Contains(line, `"position":"`+position+`"`) ||
		!strings.Contains(line, `"from":{"name":"beto"}`) || !json.Valid([]byte(line)) {
		t.Errorf("line %s", line)
	}
	events.want(t, "id: "+position, `data: {"position":"`+position+`"`, "")

	do(t, s, http.MethodPut, "/ops", `{ "a": 1 }`, "Content-Type: application/json", "Recado-Session: "+anaSession)
	raw.wantText(t, `{"a":1}`)
	text.want(t, `{"a":1}`)
	lines.want(t, `"type":"ack","seq":2`) // it is her own
	events.want(t, "id: ", `"json":{"a":1},`[:len(`"json":{"a":1}`)], "")

	do(t, s, http.MethodPost, "/ops", "\x00\xff", "Content-Type: image/png")
	if first, payload := raw.frame(t); first != 0x82 || string(payload) != "\x00\xff" {
		t.Errorf("bytes arrive as %#x %q", first, payload)
	}
	lines.want(t, `"base64":"AP8="`)
	events.want(t, "id: ", `"base64":"AP8="`, "")
	do(t, s, http.MethodPost, "/ops", "a=1&b=%20", "Content-Type: application/x-www-form-urlencoded")
	raw.wantText(t, "a=1&b=%20")
	text.want(t, "a=1&b=%20") // and nothing of the bytes
}

// What was missed comes first, and what cannot come is told.
func TestStreamsResume(t *testing.T) {
	s := start(t, func(c *server.Config) { c.Broker = memory.New(recado.Limits{HistoryMessages: 3}) })
	var positions []string
	for i := range 5 {
		got := answerOf(t, do(t, s, http.MethodPost, "/ops", fmt.Sprint("m", i)))
		positions = append(positions, got["position"].(string))
	}
	events := listen(t, s, "/ops", "Accept: text/event-stream", "Last-Event-ID: "+positions[2])
	events.want(t, "retry: ", "id: "+positions[2], "", "id: "+positions[3], "m3", "", "id: "+positions[4], "m4", "")
	late := listen(t, s, "/ops", "Accept: text/event-stream", "Last-Event-ID: "+positions[0])
	late.want(t, "retry: ", "id: "+positions[0], "", "id: "+positions[1], "event: gap", `"reason":"expired"`, "", "id: "+positions[2], "m2", "")
	strange := listen(t, s, "/ops", "Accept: text/event-stream", "Last-Event-ID: what")
	strange.want(t, "retry: ", "id: ", "", "id: "+positions[1], "event: gap", `"reason":"epoch"`, "", "id: "+positions[2], "m2", "")
	lines := listen(t, s, "/ops?since="+positions[0], "Accept: application/x-ndjson")
	lines.want(t, `"type":"gap","from":2,"to":2,"reason":"expired"`, "m2", "m3", "m4")
	text := listen(t, s, "/ops?since=all")
	text.want(t, "m2", "m3", "m4")
	do(t, s, http.MethodPost, "/ops", "live")
	for _, stream := range []stream{lines, text} {
		stream.want(t, "live")
	}
	events.want(t, "id: ", "live", "")
	for target, want := range map[string]string{
		"/ops?poll=1": "m3\nm4\nlive\n", "/ops?poll=1&since=" + positions[4]: "live\n", "/ops?poll=1&since=1h": "m3\nm4\nlive\n", "/empty?poll=1": "",
	} {
		body, err := io.ReadAll(do(t, s, http.MethodGet, target, "").Body)
		if string(body) != want || err != nil {
			t.Errorf("GET %s: %q, %v, want %q", target, body, err, want)
		}
	}
}

// A message that is sent again with its key is there once.
func TestIdempotencyKey(t *testing.T) {
	s := start(t, nil)
	for _, session := range []string{"", anaSession} {
		first := answerOf(t, do(t, s, http.MethodPost, "/ops", "pay", "Idempotency-Key: "+key, "Recado-Session: "+session))
		again := answerOf(t, do(t, s, http.MethodPost, "/ops", "pay", "Idempotency-Key: "+key, "Recado-Session: "+session))
		if first["duplicate"] != nil || again["duplicate"] != true || first["seq"] != again["seq"] {
			t.Errorf("session %q: first %v, then %v", session, first, again)
		}
	}
}

func TestPublishBadBodies(t *testing.T) {
	s := start(t, func(c *server.Config) { c.Limits.MessageSize = 1000 })
	for name, tt := range map[string]struct{ contentType, body, code string }{
		"no JSON":  {"application/json", "{", "json_invalid"},
		"two":      {"application/json", "1 2", "json_invalid"},
		"no UTF-8": {"text/plain", "\xff", "text_invalid"},
		"too big":  {"", strings.Repeat("a", 1001), "message_too_big"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := do(t, s, http.MethodPost, "/ops", tt.body, "Content-Type: "+tt.contentType)
			body, _ := io.ReadAll(answer.Body)
			if got := readRefusal(t, string(body)); got.Code != tt.code {
				t.Errorf("refused with %+v, want %s", got, tt.code)
			}
		})
	}
	chunked := "POST /ops HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + strings.Repeat("a", 1001) + "\r\n0\r\n\r\n"
	wantRefused(t, exchange(t, s.at.Listen, chunked), "message_too_big")
}

func TestAPI(t *testing.T) {
	s := start(t, func(c *server.Config) { c.Version = "1.2.3" })
	join(t, s.at.Listen, "/ops?name=ana")
	join(t, s.at.Listen, "/caf%C3%A9")
	for i := range 5 {
		do(t, s, http.MethodPost, "/ops", fmt.Sprint("m", i))
	}
	get := func(target string) map[string]any {
		t.Helper()
		return answerOf(t, do(t, s, http.MethodGet, target, ""))
	}
	if got := get("/v1/rooms"); fmt.Sprint(got) != "map[more:false rooms:[map[members:1 name:café] map[members:1 name:ops]]]" {
		t.Errorf("rooms: %v", got)
	}
	if got := get("/v1/rooms?limit=1&after=caf%C3%A9"); fmt.Sprint(got) != "map[more:false rooms:[map[members:1 name:ops]]]" {
		t.Errorf("rooms after café: %v", got)
	}
	room := get("/v1/rooms/ops")
	if room["members"] != 1.0 || !strings.HasSuffix(room["position"].(string), ".5") {
		t.Errorf("room: %v", room)
	}
	if got := get("/v1/rooms/ops/members"); got["count"] != 1.0 || !strings.Contains(fmt.Sprint(got["members"]), "name:ana") {
		t.Errorf("members: %v", got)
	}
	newest := get("/v1/rooms/ops/messages?limit=2")
	if text := fmt.Sprint(newest["messages"]); newest["more"] != true || !strings.Contains(text, "text:m3") || strings.Contains(text, "text:m2") {
		t.Errorf("newest: %v", newest)
	}
	before := get("/v1/rooms/ops/messages?before=" + url.QueryEscape(newest["messages"].([]any)[0].(map[string]any)["position"].(string)))
	if text := fmt.Sprint(before["messages"]); before["more"] != false || !strings.Contains(text, "text:m0") || strings.Contains(text, "text:m3") {
		t.Errorf("before: %v", before)
	}
	after := get("/v1/rooms/ops/messages?after=" + before["position"].(string) + "&limit=1")
	if text := fmt.Sprint(after["messages"]); after["more"] != true || !strings.Contains(text, "text:m0") {
		t.Errorf("after: %v", after)
	}
	if got := get("/v1/info"); got["version"] != "1.2.3" || got["tls"] != false || got["clients"] != 2.0 || got["limits"].(map[string]any)["message_bytes"] != 65536.0 {
		t.Errorf("info: %v", got)
	}
}

// A page that is open on this computer must know where others find it, and whether they need a token.
func TestInfoTellsHowToJoin(t *testing.T) {
	type info struct {
		Open bool
		LAN  []string
	}
	for name, tt := range map[string]struct {
		change func(*server.Config)
		open   bool
	}{
		"local":   {func(*server.Config) {}, true},
		"network": {func(c *server.Config) { c.LAN, c.Listen = true, "localhost:0" }, true},
		"a guard": {func(c *server.Config) { c.Authenticator = auth.NewGuard(nil, nil) }, true},
	} {
		s := start(t, tt.change)
		var got info
		if err := json.NewDecoder(do(t, s, http.MethodGet, "/v1/info", "").Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		if got.Open != tt.open || !slices.Equal(got.LAN, s.LAN()) || name != "network" && got.LAN != nil {
			t.Errorf("%s: info = %+v, want open %t and %q", name, got, tt.open, s.LAN())
		}
	}
	var got info
	a := exchange(t, guarded(t).at.Listen, "GET /v1/info HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+token(t)+"\r\n\r\n")
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil || got.Open {
		t.Errorf("info of a server that asks for tokens = %s, %v; want it not open", a.Body, err)
	}
}

// A page of an allowed origin may read the answers; another one's request never gets that far.
func TestCORS(t *testing.T) {
	s := start(t, func(c *server.Config) { c.AllowOrigins = []string{"https://app.example"} })
	for _, target := range []string{"/v1/info", "/ops?poll=1", "/ops"} {
		answer := do(t, s, http.MethodGet, target, "", "Origin: https://app.example")
		if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "https://app.example" || answer.Header.Get("Vary") != "Origin" {
			t.Errorf("GET %s: allowed for %q, varies with %q", target, got, answer.Header.Values("Vary"))
		}
		for _, origin := range []string{"https://evil.example", "null"} {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
				if answer := do(t, s, method, target, "x", "Origin: "+origin); answer.StatusCode != http.StatusForbidden {
					t.Errorf("%s %s from %s: status %d, want 403", method, target, origin, answer.StatusCode)
				}
			}
		}
	}
}

// A stream ends in order: its reader can tell that from a broken connection, and is told when to come back.
func TestStreamsDrain(t *testing.T) {
	s := start(t, nil)
	events := listen(t, s, "/ops", "Accept: text/event-stream")
	lines := listen(t, s, "/ops", "Accept: application/x-ndjson")
	events.want(t, "retry: ", "id: ", "")
	go func() { _ = s.Stop(t.Context(), recado.CloseRestart) }()
	events.want(t, "retry: ", "event: drain", `data: {"type":"drain","reconnect_after_ms":`, "")
	lines.want(t, `{"type":"drain","reconnect_after_ms":`)
	for _, stream := range []stream{events, lines} {
		if rest, err := io.ReadAll(stream.lines); len(rest) > 0 || err != nil {
			t.Errorf("at the end of the stream: %q, %v", rest, err)
		}
	}
}
