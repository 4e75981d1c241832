package server_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"recado"
	"recado/internal/auth"
	"recado/internal/server"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

// guarded starts a server that wants tokens signed with secret, or the password.
func guarded(t *testing.T) *running {
	t.Helper()
	tokens, err := auth.NewTokens(auth.TokensConfig{Secret: secret, Password: "S3CRET-password"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tokens.Close)
	return start(t, func(c *server.Config) { c.Authenticator = tokens })
}

// token makes one for the room ops with these rights; without rights, for everything.
func token(t *testing.T, rights ...string) string {
	t.Helper()
	g := auth.Grant{Subject: "ana", Name: "Ana", Lasts: time.Hour}
	if rights != nil {
		g.Rooms = map[string][]string{"ops": rights}
	}
	signed, err := auth.Issue(secret, g)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestAccessOverHTTP(t *testing.T) {
	s := guarded(t)
	mute, deaf := token(t, "subscribe", "presence"), token(t, "publish")
	forged := deaf[:len(deaf)-4] + "AAAA"
	post := "Content-Length: 2\r\n\r\noi"
	for name, tt := range map[string]struct {
		request, token, rest string
		status               int
		code                 string
	}{
		"publish":                      {"POST /ops", deaf, post, 200, ""},
		"publish, no token":            {"POST /ops", "", post, 401, recado.AuthRequired},
		"publish, forged":              {"POST /ops", forged, post, 401, recado.AuthInvalid},
		"publish, no right":            {"POST /ops", mute, post, 403, recado.RoomForbidden},
		"publish, another room":        {"PUT /lobby", deaf, post, 403, recado.RoomForbidden},
		"publish, token in the query":  {"POST /ops?token=" + deaf, "", post, 200, ""},
		"stream, no token":             {"GET /ops", "", "\r\n", 401, recado.AuthRequired},
		"stream, no right":             {"GET /ops", deaf, "\r\n", 403, recado.RoomForbidden},
		"events, no token":             {"GET /ops", "", "Accept: text/event-stream\r\n\r\n", 401, recado.AuthRequired},
		"head, no token":               {"HEAD /ops", "", "\r\n", 401, ""},
		"head":                         {"HEAD /ops", mute, "\r\n", 200, ""},
		"poll":                         {"GET /ops?poll=1", token(t, "subscribe", "history"), "\r\n", 200, ""},
		"head of a poll, no right":     {"HEAD /ops?poll=1", mute, "\r\n", 403, ""},
		"poll, no right":               {"GET /ops?poll=1", mute, "\r\n", 403, recado.RoomForbidden},
		"the page":                     {"GET /ops", "", "Accept: text/html\r\n\r\n", 200, ""},
		"health":                       {"GET /healthz", "", "\r\n", 200, ""},
		"info, no token":               {"GET /v1/info", "", "\r\n", 401, recado.AuthRequired},
		"info":                         {"GET /v1/info", deaf, "\r\n", 200, ""},
		"rooms, no token":              {"GET /v1/rooms", "", "\r\n", 401, recado.AuthRequired},
		"check":                        {"GET /v1/check?room=ops", mute, "\r\n", 200, ""},
		"check, no right":              {"GET /v1/check?room=ops", deaf, "\r\n", 403, recado.RoomForbidden},
		"check, no token":              {"GET /v1/check?room=ops", "", "\r\n", 401, recado.AuthRequired},
		"room, no right":               {"GET /v1/rooms/ops", deaf, "\r\n", 403, recado.RoomForbidden},
		"members, no right":            {"GET /v1/rooms/ops/members", deaf, "\r\n", 403, recado.RoomForbidden},
		"messages, no right":           {"GET /v1/rooms/ops/messages", mute, "\r\n", 403, recado.RoomForbidden},
		"messages":                     {"GET /v1/rooms/ops/messages", token(t, "history"), "\r\n", 200, ""},
		"messages, another room":       {"GET /v1/rooms/lobby/messages", token(t, "history"), "\r\n", 403, recado.RoomForbidden},
		"handshake, no token":          {"GET /ops", "", handshake + "\r\n", 401, recado.AuthRequired},
		"handshake, forged":            {"GET /ops", forged, handshake + "\r\n", 401, recado.AuthInvalid},
		"handshake, no right":          {"GET /ops", deaf, handshake + "\r\n", 403, recado.RoomForbidden},
		"handshake":                    {"GET /ops", mute, handshake + "\r\n", 101, ""},
		"handshake, the password":      {"GET /ops", "S3CRET-password", handshake + "\r\n", 101, ""},
		"handshake, subprotocol":       {"GET /ops", "", handshake + "Sec-WebSocket-Protocol: recado.raw, bearer." + mute + "\r\n\r\n", 101, ""},
		"handshake, wrong subprotocol": {"GET /ops", "", handshake + "Sec-WebSocket-Protocol: recado.v1, bearer." + forged + "\r\n\r\n", 401, recado.AuthInvalid},
		"handshake, hello will bring":  {"GET /ops", "", handshake + "Sec-WebSocket-Protocol: recado.v1\r\n\r\n", 101, ""},
		"a scheme that is not ours":    {"GET /v1/info", "Basic " + deaf, "\r\n", 401, recado.AuthRequired},
	} {
		t.Run(name, func(t *testing.T) {
			header := ""
			if tt.token != "" {
				header = "Authorization: " + strings.TrimPrefix("Bearer "+tt.token, "Bearer Basic ") + "\r\n"
			}
			a := exchange(t, s.at.Listen, tt.request+" HTTP/1.1\r\nHost: localhost\r\n"+header+tt.rest)
			if a.StatusCode != tt.status {
				t.Fatalf("status %d %s, want %d", a.StatusCode, a.Body, tt.status)
			}
			if tt.code != "" && readRefusal(t, a.Body).Code != tt.code {
				t.Errorf("refused with %s, want %s", a.Body, tt.code)
			}
			if challenge := a.Header.Get("WWW-Authenticate"); (challenge != "") != (tt.status == 401) {
				t.Errorf("status %d with WWW-Authenticate %q", a.StatusCode, challenge)
			}
		})
	}
	for _, part := range []string{"S3CRET", mute[20:60], deaf[len(deaf)-20:], forged[len(forged)-24 : len(forged)-4]} {
		if strings.Contains(s.log.String(), part) {
			t.Errorf("the log has %q:\n%s", part, s.log)
		}
	}
}

func TestListsOnlyWhatMayBeJoined(t *testing.T) {
	s := guarded(t)
	all := token(t)
	for _, room := range []string{"a", "ops", "z"} {
		join(t, s.at.Listen, "/"+room+"?name=x&token="+all)
	}
	get := func(path, token string, into any) {
		t.Helper()
		a := exchange(t, s.at.Listen, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nAuthorization: bearer "+token+"\r\n\r\n")
		if err := json.Unmarshal([]byte(a.Body), into); err != nil {
			t.Fatalf("%s: %v in %s", path, err, a.Body)
		}
	}
	for token, want := range map[string]int{all: 3, token(t, "subscribe"): 1, token(t, "publish"): 0} {
		var answer struct{ Rooms []struct{ Name string } }
		if get("/v1/rooms", token, &answer); len(answer.Rooms) != want {
			t.Errorf("rooms %v, want %d", answer.Rooms, want)
		}
	}
	for token, want := range map[string]int{token(t, "subscribe", "presence"): 1, token(t, "subscribe"): 0} {
		var answer struct {
			Count   int
			Members []struct{ Name string }
		}
		if get("/v1/rooms/ops/members", token, &answer); answer.Count != 1 || len(answer.Members) != want {
			t.Errorf("members %+v, want %d", answer, want)
		} else if want == 1 && answer.Members[0].Name != "Ana" {
			t.Errorf("the member is called %q, not as its token says", answer.Members[0].Name)
		}
	}
}

// A published message has the name of the token, and its own sockets do not hear it; those of another subject with the
// same session do.
func TestPublishAsSubject(t *testing.T) {
	s := guarded(t)
	const session = "q83vEjRWeJCrze8SNFZ4kA"
	own := join(t, s.at.Listen, "/ops?session="+session+"&token="+token(t))
	other := join(t, s.at.Listen, "/ops?session="+session+"&token=S3CRET-password")
	a := exchange(t, s.at.Listen, "POST /ops?name=root HTTP/1.1\r\nHost: localhost\r\nRecado-Session: "+session+
		"\r\nAuthorization: Bearer "+token(t)+"\r\nContent-Length: 2\r\n\r\noi")
	if a.StatusCode != http.StatusOK {
		t.Fatal(a.Body)
	}
	other.wantText(t, "oi")
	other.say(t, "done")
	own.wantText(t, "done")
	a = exchange(t, s.at.Listen, "GET /v1/rooms/ops/messages?limit=10 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+token(t)+"\r\n\r\n")
	if !strings.Contains(a.Body, `"name":"Ana"`) || strings.Contains(a.Body, "root") {
		t.Errorf("the history is %s, want the token's name", a.Body)
	}
}

// A stream ends when its token does.
func TestStreamExpires(t *testing.T) {
	s := start(t, func(c *server.Config) { c.Authenticator = expiring{} })
	conn := dial(t, s.at.Listen, "GET /ops HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	defer response.Body.Close()
	if n, err := response.Body.Read(make([]byte, 1)); n > 0 || err == nil || errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("read = %d, %v, want the end", n, err)
	}
	s.log.wait(t, "client disconnected", "code=4501", `reason="token expired"`)
}

// expiring lets everybody in for a moment.
type expiring struct{}

func (expiring) Authenticate(string) (*recado.Access, error) {
	return &recado.Access{Expires: time.Now().Add(10 * time.Millisecond)}, nil
}

// Nobody can take a key of idempotency away from another subject.
func TestIdempotencyKeysAreTheSubjects(t *testing.T) {
	s := guarded(t)
	for _, who := range []string{"S3CRET-password", token(t)} {
		for _, again := range []bool{false, true} {
			a := exchange(t, s.at.Listen, "POST /ops HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: 1\r\nAuthorization: Bearer "+who+
				"\r\nContent-Length: 2\r\n\r\noi")
			if a.StatusCode != http.StatusOK || strings.Contains(a.Body, `"duplicate":true`) != again {
				t.Errorf("%d %s, want a duplicate: %v", a.StatusCode, a.Body, again)
			}
		}
	}
}
