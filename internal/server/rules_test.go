package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"recado"
	"recado/internal/auth"
	"recado/internal/broker/memory"
	"recado/internal/server"
)

// ruled starts a server with rules: ana alone speaks in news, and all may listen; nobody speaks in old; small, where
// everybody may do everything, has small limits.
func ruled(t *testing.T) (s *running, tokens map[string]string) {
	t.Helper()
	keys, err := auth.NewTokens(auth.TokensConfig{Secret: secret, Password: "S3CRET-password"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(keys.Close)
	tokens = map[string]string{"nobody": "", "password": "S3CRET-password"}
	for _, who := range []string{"ana", "beto"} {
		if tokens[who], err = auth.Issue(secret, auth.Grant{Subject: who, Lasts: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	limits := recado.Limits{RoomRules: []recado.RoomRule{
		{
			Pattern: "news*", Publishers: []string{"ana"}, Anonymous: recado.MaySubscribe | recado.MayReadHistory,
			Limits: recado.Limits{HistoryMessages: 3},
		},
		{Pattern: "old", Publishers: []string{}},
		{Pattern: "small", Anonymous: recado.AllRights, Limits: recado.Limits{MessageSize: 10, MessageRate: 1, MessageBurst: 2, HistoryAge: time.Nanosecond}},
	}}
	return start(t, func(c *server.Config) {
		c.Limits, c.Authenticator, c.Broker = limits, auth.NewGuard(keys, limits.RoomRules), memory.New(limits)
	}), tokens
}

// request is one that the token of somebody goes with.
func request(line, token, rest string) string {
	header := ""
	if token != "" {
		header = "Authorization: Bearer " + token + "\r\n"
	}
	return line + " HTTP/1.1\r\nHost: localhost\r\n" + header + rest
}

const (
	sayOi    = "Content-Length: 2\r\n\r\noi"
	sayMuch  = "Content-Length: 11\r\n\r\n01234567890"
	talkV1   = handshake + "Sec-WebSocket-Protocol: recado.v1\r\n\r\n"
	talkRaw  = handshake + "\r\n"
	wantText = "Accept: text/plain\r\n\r\n"
)

func TestRulesOverHTTP(t *testing.T) {
	s, tokens := ruled(t)
	for _, tt := range []struct {
		line, who, rest string
		status          int
		code            string
	}{
		{"POST /news", "ana", sayOi, 200, ""},
		{"POST /news", "beto", sayOi, 403, recado.RoomForbidden},
		{"POST /news", "password", sayOi, 403, recado.RoomForbidden},
		{"POST /news", "nobody", sayOi, 401, recado.AuthRequired},
		{"POST /old", "ana", sayOi, 403, recado.RoomForbidden},
		{"POST /ops", "beto", sayOi, 200, ""},
		{"POST /ops", "nobody", sayOi, 401, recado.AuthRequired},
		{"POST /small", "nobody", sayOi, 200, ""},
		{"POST /small", "ana", sayMuch, 413, "message_too_big"},
		{"POST /ops", "ana", sayMuch, 200, ""},
		{"GET /news?poll=1", "nobody", wantText, 200, ""},
		{"GET /ops?poll=1", "nobody", wantText, 401, recado.AuthRequired},
		{"HEAD /news", "nobody", "\r\n", 200, ""},
		{"GET /old", "nobody", wantText, 401, recado.AuthRequired},
		{"GET /news-2", "nobody", talkRaw, 101, ""},
		{"GET /ops", "nobody", talkRaw, 401, recado.AuthRequired},
		{"GET /v1/rooms/news/messages", "nobody", "\r\n", 200, ""},
		{"GET /v1/rooms/news/members", "nobody", "\r\n", 200, ""},
		{"GET /v1/rooms/ops", "nobody", "\r\n", 401, recado.AuthRequired},
		{"GET /v1/check?room=news", "nobody", "\r\n", 200, ""},
		{"GET /v1/check?room=ops", "nobody", "\r\n", 401, recado.AuthRequired},
		{"GET /news?poll=1&token=wrong", "nobody", wantText, 401, recado.AuthInvalid},
	} {
		a := exchange(t, s.at.Listen, request(tt.line, tokens[tt.who], tt.rest))
		if a.StatusCode != tt.status || tt.code != "" && readRefusal(t, a.Body).Code != tt.code {
			t.Errorf("%s of %s: status %d, %s; want %d %s", tt.line, tt.who, a.StatusCode, a.Body, tt.status, tt.code)
		}
	}
}

// Who may not see the members of a room hears their number only, and of the rooms those that it may join.
func TestRulesOfLists(t *testing.T) {
	s, tokens := ruled(t)
	for _, room := range []string{"news", "old", "small", "ops"} {
		join(t, s.at.Listen, "/"+room+"?name=x&token="+tokens["ana"])
	}
	get := func(target, who string) string {
		t.Helper()
		return strings.TrimSpace(exchange(t, s.at.Listen, request("GET "+target, tokens[who], "\r\n")).Body)
	}
	for _, tt := range []struct{ target, who, want string }{
		{"/v1/rooms", "nobody", `{"rooms":[{"name":"news","members":1},{"name":"small","members":1}],"more":false}`},
		{"/v1/rooms/news/members", "nobody", `{"count":1}`},
	} {
		if got := get(tt.target, tt.who); got != tt.want {
			t.Errorf("%s of %s: %s, want %s", tt.target, tt.who, got, tt.want)
		}
	}
	if got := get("/v1/rooms/small/members", "nobody"); !strings.Contains(got, `"name":"x"`) {
		t.Errorf("members %s, want their names", got)
	}
	if got := get("/v1/rooms", "beto"); strings.Count(got, "name") != 4 {
		t.Errorf("rooms %s, want all", got)
	}
}

// A room's history is as long as its rule says, also for who resumes: what is kept no more is a gap.
func TestRulesOfHistory(t *testing.T) {
	s, tokens := ruled(t)
	first := ""
	for i := range 5 {
		for _, room := range []string{"news", "small", "ops"} {
			body := answerOf(t, do(t, s, http.MethodPost, "/"+room+"?token="+tokens["ana"], fmt.Sprint("m", i)))
			if room == "news" && i == 0 {
				first = fmt.Sprint(body["position"])
			}
		}
	}
	poll := func(target string) string {
		t.Helper()
		return exchange(t, s.at.Listen, request("GET "+target, tokens["ana"], "Accept: application/x-ndjson\r\n\r\n")).Body
	}
	for target, want := range map[string]string{
		"/news?poll=1&since=all": "m2,m3,m4", "/small?poll=1": "", "/ops?poll=1": "m0,m1,m2,m3,m4", "/news?poll=1&since=" + first: "gap,m2,m3,m4",
	} {
		var got []string
		for line := range strings.Lines(poll(target)) {
			for _, part := range []string{"gap", "m0", "m1", "m2", "m3", "m4"} {
				if strings.Contains(line, `"`+part+`"`) {
					got = append(got, part)
				}
			}
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s: %q, want %s", target, got, want)
		}
	}
}

func TestRulesOverWebSocket(t *testing.T) {
	s, tokens := ruled(t)
	listener, speaker := join(t, s.at.Listen, "/news"), join(t, s.at.Listen, "/news?token="+tokens["ana"])
	beto := join(t, s.at.Listen, "/news?token="+tokens["beto"])
	listener.say(t, "x")
	listener.wantClose(t, recado.CloseForbidden)
	beto.say(t, "x")
	beto.wantClose(t, recado.CloseForbidden)
	second := join(t, s.at.Listen, "/news")
	speaker.say(t, "oi")
	second.wantText(t, "oi")

	small, ops := join(t, s.at.Listen, "/small"), join(t, s.at.Listen, "/ops?echo=1&token="+tokens["ana"])
	ops.say(t, "01234567890")
	ops.wantText(t, "01234567890")
	small.say(t, "01234567890")
	small.wantClose(t, recado.CloseTooBig)

	var resumes []string // after each of five messages, of which the last three are kept
	for range 5 {
		said := answerOf(t, do(t, s, http.MethodPost, "/news?token="+tokens["ana"], "m"))
		resumes = append(resumes, fmt.Sprintf(`{"type":"hello","since":%q}`, said["position"]))
	}
	// recado.v1 announces the limits of the room, tells what the room keeps no more, and answers what is not allowed.
	for _, tt := range []struct{ target, frame, want string }{
		{"/news", resumes[1], `"recovered":true,"replay":3,`},
		{"/news", resumes[0], `"recovered":false,"replay":3,`},
		{"/news", resumes[0], `"type":"gap"`},
		{"/small", `{"type":"publish","id":"a","text":"01234567890"}`, `"message_bytes":10,`},
		{"/small", `{"type":"publish","id":"a","text":"01234567890"}`, `"code":"message_too_big"`},
		{"/news", `{"type":"publish","id":"a","text":"x"}`, `"code":"room_forbidden"`},
		{"/news?token=" + tokens["ana"], `{"type":"publish","id":"a","text":"x"}`, `"type":"ack"`},
		{"/old?token=" + tokens["ana"], `{"type":"publish","id":"a","text":"x"}`, `"code":"room_forbidden"`},
		{"/news", `{"type":"history","id":"a"}`, `"type":"history"`},
		{"/ops", "", "\x88"}, // a close frame
	} {
		conn := dial(t, s.at.Listen, request("GET "+tt.target, "", talkV1))
		c := &client{conn, bufio.NewReader(conn)}
		if !slices.Contains(resumes, tt.frame) {
			c.say(t, `{"type":"hello"}`)
		}
		c.say(t, tt.frame)
		waitFor(t, c.from, tt.want)
	}
}

// Each connection over HTTP has the rate of each room that it publishes in.
func TestRulesOfRate(t *testing.T) {
	s, tokens := ruled(t)
	conn := dial(t, s.at.Listen, "")
	from := bufio.NewReader(conn)
	for i, tt := range []struct {
		room   string
		status int
	}{{"small", 200}, {"ops", 200}, {"small", 200}, {"ops", 200}, {"ops", 200}, {"small", 429}} {
		io.WriteString(conn, request("POST /"+tt.room, tokens["ana"], "X-Forwarded-For: 192.0.2.1\r\n"+sayOi))
		response, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode != tt.status {
			t.Errorf("publish %d, in %s: status %d, want %d", i, tt.room, response.StatusCode, tt.status)
		}
	}
}

// What is reloaded holds for who comes from then on, and nothing of it after an error.
func TestReload(t *testing.T) {
	s := start(t, nil)
	conn := join(t, s.at.Listen, "/ops?echo=1")
	config := server.Config{
		AllowHosts: []string{"chat.example.com"}, AllowOrigins: []string{"https://a.example"},
		Limits: recado.Limits{MessageSize: 10, Rooms: 1},
	}
	if err := s.Reload(config); err != nil {
		t.Fatal(err)
	}
	wrong := config
	wrong.Limits, wrong.AllowHosts = recado.Limits{}, []string{"not a host"}
	if err := s.Reload(wrong); err == nil {
		t.Error("a host that is none was taken")
	}
	conn.say(t, "01234567890")
	conn.wantText(t, "01234567890")
	late := join(t, s.at.Listen, "/ops")
	late.say(t, "01234567890")
	late.wantClose(t, recado.CloseTooBig)
	wantRefused(t, exchange(t, s.at.Listen, request("GET /other", "", talkRaw)), "too_many_rooms")
	wantRefused(t, exchange(t, s.at.Listen, request("POST /ops", "", sayMuch)), "message_too_big")
	for header, status := range map[string]int{
		"Host: chat.example.com\r\n": 200, "Host: other.example.com\r\n": 421, "Host: localhost\r\nOrigin: https://a.example\r\n": 200,
		"Host: localhost\r\nOrigin: https://b.example\r\n": 403,
	} {
		if a := exchange(t, s.at.Listen, "GET /v1/info HTTP/1.1\r\n"+header+"\r\n"); a.StatusCode != status || status == 200 && !strings.Contains(a.Body, `"message_bytes":10,`) {
			t.Errorf("%q: status %d, %s, want %d", header, a.StatusCode, a.Body, status)
		}
	}
}

// waitFor reads until the text has come.
func waitFor(t *testing.T, from *bufio.Reader, want string) {
	t.Helper()
	var got []byte
	for !strings.Contains(string(got), want) {
		b, err := from.ReadByte()
		if err != nil {
			t.Errorf("%v after %q, want %q", err, got, want)
			return
		}
		got = append(got, b)
	}
}
