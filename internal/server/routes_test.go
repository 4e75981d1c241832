package server_test

import (
	"net/http"
	"strings"
	"testing"

	"recado/internal/locale"
	"recado/internal/server"
)

func TestRoutes(t *testing.T) {
	s := start(t, nil)
	const html = "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n"
	tests := map[string]struct {
		request string // method, target and header lines; Host is added
		status  int
		code    string // of a refusal; "" for none
	}{
		"lobby page":                     {"GET / HTTP/1.1\r\n" + html, 200, ""},
		"room page":                      {"GET /ops HTTP/1.1\r\n" + html, 200, ""},
		"room page, HEAD":                {"HEAD /ops HTTP/1.1\r\n" + html, 200, ""},
		"room page, HTTP/1.0":            {"GET /ops HTTP/1.0\r\n" + html, 200, ""},
		"room page, absolute target":     {"GET http://localhost/ops HTTP/1.1\r\n" + html, 200, ""},
		"page of a room with an accent":  {"GET /reuni%C3%A3o HTTP/1.1\r\n" + html, 200, ""},
		"page, unescaped accent":         {"GET /reunião HTTP/1.1\r\n" + html, 200, ""},
		"page, decomposed accent":        {"GET /reunia%CC%83o HTTP/1.1\r\n" + html, 200, ""},
		"page with a query":              {"GET /ops?utm=1&x HTTP/1.1\r\n" + html, 200, ""},
		"every mark that a name has":     {"GET /a-_.~=@,;:!9 HTTP/1.1\r\n" + html, 200, ""},
		"html after others":              {"GET / HTTP/1.1\r\nAccept: image/png\r\nAccept: */*;q=0.1, Text/HTML ;q=0.5\r\n", 200, ""},
		"html unwanted":                  {"GET /?poll=1 HTTP/1.1\r\nAccept: text/html;level=1;q=0.000, */*\r\n", 200, ""},
		"anything":                       {"GET /ops?poll=1 HTTP/1.1\r\nAccept: */*\r\n", 200, ""},
		"nothing":                        {"GET /ops?poll=1 HTTP/1.1\r\n", 200, ""},
		"HEAD of nothing":                {"HEAD /ops HTTP/1.1\r\n", 200, ""},
		"another upgrade":                {"GET /ops?poll=1 HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", 200, ""},
		"publish too much":               {"PUT / HTTP/1.1\r\nContent-Length: 99999999\r\n", 413, "message_too_big"},
		"publish, odd key":               {"POST /ops HTTP/1.1\r\nIdempotency-Key: a b\r\n", 400, "idempotency_key_invalid"},
		"publish, odd session":           {"POST /ops HTTP/1.1\r\nRecado-Session: short\r\n", 400, "query_invalid"},
		"publish, odd name":              {"POST /ops?name=%E2%80%8B HTTP/1.1\r\n", 400, "query_invalid"},
		"publish, odd type":              {"POST /ops HTTP/1.1\r\nContent-Type: /\r\n", 400, "content_type_invalid"},
		"publish, odd alphabet":          {"POST /ops HTTP/1.1\r\nContent-Type: text/plain; charset=latin1\r\n", 400, "content_type_invalid"},
		"stream, odd position":           {"GET /ops?since=yesterday HTTP/1.1\r\n", 400, "query_invalid"},
		"stream, odd poll":               {"GET /ops?poll=2 HTTP/1.1\r\n", 400, "query_invalid"},
		"stream, old HTTP":               {"GET /ops HTTP/1.0\r\n", 505, "http_version"},
		"history, old HTTP":              {"GET /ops?poll=1 HTTP/1.0\r\n", 200, ""},
		"health":                         {"GET /healthz HTTP/1.1\r\n", 200, ""},
		"ready":                          {"HEAD /readyz HTTP/1.1\r\n", 200, ""},
		"API: info":                      {"GET /v1/info HTTP/1.1\r\n", 200, ""},
		"API: rooms":                     {"GET /v1/rooms HTTP/1.1\r\n", 200, ""},
		"API: rooms, odd limit":          {"GET /v1/rooms?limit=0 HTTP/1.1\r\n", 400, "query_invalid"},
		"API: room":                      {"GET /v1/rooms/ops HTTP/1.1\r\n", 200, ""},
		"API: no room":                   {"GET /v1/rooms/.. HTTP/1.1\r\n", 400, "path_invalid"},
		"API: no room's name":            {"GET /v1/rooms/a%20b HTTP/1.1\r\n", 400, "room_name_invalid"},
		"API: messages, odd position":    {"GET /v1/rooms/ops/messages?before=x HTTP/1.1\r\n", 400, "query_invalid"},
		"API: POST":                      {"POST /v1/rooms/ops/messages HTTP/1.1\r\n", 405, "method_not_allowed"},
		"API: check":                     {"GET /v1/check?room=ops HTTP/1.1\r\n", 200, ""},
		"API: check, odd name":           {"GET /v1/check?room=a*b HTTP/1.1\r\n", 400, "room_name_invalid"},
		"preflight":                      {"OPTIONS /ops HTTP/1.1\r\nAccess-Control-Request-Method: POST\r\nOrigin: http://localhost:1\r\n", 204, ""},
		"preflight from elsewhere":       {"OPTIONS /ops HTTP/1.1\r\nAccess-Control-Request-Method: POST\r\nOrigin: https://evil.example\r\n", 403, "origin_refused"},
		"DELETE":                         {"DELETE /ops HTTP/1.1\r\n", 405, "method_not_allowed"},
		"OPTIONS":                        {"OPTIONS /ops HTTP/1.1\r\n", 405, "method_not_allowed"},
		"an invented method":             {"GOSSIP /ops HTTP/1.1\r\n", 405, "method_not_allowed"},
		"TRACE":                          {"TRACE /ops HTTP/1.1\r\n", 405, "method_not_allowed"},
		"WebSocket":                      {"GET /ops HTTP/1.1\r\n" + handshake, 101, ""},
		"WebSocket, lobby":               {"GET / HTTP/1.1\r\n" + handshake, 101, ""},
		"WebSocket, echo":                {"GET /ops?echo=1 HTTP/1.1\r\n" + handshake, 101, ""},
		"WebSocket, unknown parameter":   {"GET /ops?EIO=4&transport=x HTTP/1.1\r\n" + handshake, 101, ""},
		"WebSocket, odd echo":            {"GET /ops?echo=yes HTTP/1.1\r\n" + handshake, 400, "query_invalid"},
		"WebSocket, broken query":        {"GET /ops?echo=%zz HTTP/1.1\r\n" + handshake, 400, "query_invalid"},
		"WebSocket, wrong name":          {"GET /a%20b HTTP/1.1\r\n" + handshake, 400, "room_name_invalid"},
		"WebSocket on the system's":      {"GET /v1/other HTTP/1.1\r\n" + handshake, 404, "not_found"},
		"WebSocket, POST":                {"POST /ops HTTP/1.1\r\n" + handshake, 400, "bad_handshake"},
		"WebSocket, HTTP/1.0":            {"GET /ops HTTP/1.0\r\n" + handshake, 400, "bad_handshake"},
		"WebSocket, body":                {"GET /ops HTTP/1.1\r\nContent-Length: 3\r\n" + handshake, 400, "bad_handshake"},
		"WebSocket, chunked":             {"GET /ops HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + handshake, 400, "bad_handshake"},
		"WebSocket, short key":           {"GET /ops HTTP/1.1\r\n" + strings.Replace(handshake, "dGhl", "", 1), 400, "bad_handshake"},
		"WebSocket, no Connection":       {"GET /ops HTTP/1.1\r\n" + strings.Replace(handshake, "Connection: Upgrade\r\n", "", 1), 400, "bad_handshake"},
		"WebSocket, old version":         {"GET /ops HTTP/1.1\r\n" + strings.Replace(handshake, "13", "8", 1), 426, "websocket_version"},
		"WebSocket, proxy in between":    {"GET /ops HTTP/1.1\r\n" + strings.Replace(handshake, "Upgrade: websocket\r\nConnection: Upgrade\r\n", "", 1), 426, "proxy_no_upgrade"},
		"WebSocket, evil origin":         {"GET /ops HTTP/1.1\r\nOrigin: https://evil.example\r\n" + handshake, 403, "origin_refused"},
		"WebSocket, null origin":         {"GET /ops HTTP/1.1\r\nOrigin: null\r\n" + handshake, 403, "origin_refused"},
		"WebSocket, another local page":  {"GET /ops HTTP/1.1\r\nOrigin: http://127.0.0.1:5500\r\n" + handshake, 101, ""},
		"page, evil origin":              {"GET /ops HTTP/1.1\r\nOrigin: https://evil.example\r\n" + html, 403, "origin_refused"},
		"publish, evil origin":           {"POST /ops HTTP/1.1\r\nOrigin: https://evil.example\r\n", 403, "origin_refused"},
		"preflight, evil origin":         {"OPTIONS /ops HTTP/1.1\r\nOrigin: https://evil.example\r\n", 403, "origin_refused"},
		"empty segment":                  {"GET //ops HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"empty segments":                 {"GET // HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"looks like a host":              {"GET //evil.example/x HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"slash at the end":               {"GET /ops/ HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"parent":                         {"GET /.. HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"parent below":                   {"GET /a/../b HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"parent, escaped":                {"GET /%2e%2E HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"itself":                         {"GET /. HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"escaped slash":                  {"GET /a%2fb HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"escaped slash alone":            {"GET /%2F HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"backslash":                      {"GET /a%5cb HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"NUL":                            {"GET /a%00 HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"line feed":                      {"GET /a%0ab HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"C1":                             {"GET /a%C2%9Bb HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"not UTF-8":                      {"GET /a%FF HTTP/1.1\r\n" + html, 400, "path_invalid"},
		"star":                           {"OPTIONS * HTTP/1.1\r\n", 400, "path_invalid"},
		"HTTP/2 preface":                 {"PRI * HTTP/2.0\r\n", 400, "path_invalid"},
		"a proxy's method":               {"CONNECT localhost:443 HTTP/1.1\r\n", 400, "path_invalid"},
		"begins with a dot":              {"GET /.x HTTP/1.1\r\n" + html, 400, "room_name_invalid"},
		"space":                          {"GET /a%20b HTTP/1.1\r\n" + html, 400, "room_name_invalid"},
		"wildcard":                       {"GET /a* HTTP/1.1\r\n" + html, 400, "room_name_invalid"},
		"wildcard, escaped":              {"GET /%3E HTTP/1.1\r\n" + html, 400, "room_name_invalid"},
		"escaped twice":                  {"GET /a%252fb HTTP/1.1\r\n" + html, 400, "room_name_invalid"},
		"reversed writing":               {"GET /a%E2%80%AEb HTTP/1.1\r\n" + html, 400, "room_name_invalid"},
		"too long":                       {"GET /" + strings.Repeat("a", 129) + " HTTP/1.1\r\n" + html, 400, "room_name_invalid"},
		"as long as it may be":           {"GET /" + strings.Repeat("a", 128) + " HTTP/1.1\r\n" + html, 200, ""},
		"two segments":                   {"GET /a/b HTTP/1.1\r\n" + html, 404, "not_found"},
		"two segments with a dot":        {"GET /.well-known/x HTTP/1.1\r\n" + html, 404, "not_found"},
		"later: the API":                 {"GET /v1 HTTP/1.1\r\n" + html, 404, "not_found"},
		"later: metrics":                 {"GET /metrics HTTP/1.1\r\n", 404, "not_found"},
		"reserved, escaped":              {"GET /%761 HTTP/1.1\r\n" + html, 404, "not_found"},
		"the folder of the page's files": {"GET /assets HTTP/1.1\r\n" + html, 404, "not_found"},
		"robots.txt":                     {"GET /robots.txt HTTP/1.1\r\n", 200, ""},
		"robots.txt, POST":               {"POST /robots.txt HTTP/1.1\r\n", 405, "method_not_allowed"},
		"a file of the page, POST":       {"POST /assets/x.js HTTP/1.1\r\n", 405, "method_not_allowed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := exchange(t, s.at.Listen, tt.request+"Host: localhost\r\n\r\n")
			if got.StatusCode != tt.status {
				t.Fatalf("status %d, want %d; body %q", got.StatusCode, tt.status, got.Body)
			}
			if tt.code != "" {
				wantRefused(t, got, tt.code)
				s.log.wait(t, "request refused", "code="+tt.code)
			}
		})
	}
}

func wantRefused(t *testing.T, answer answer, code string) {
	t.Helper()
	for key, want := range map[string]string{
		"Content-Type":           "application/json; charset=utf-8",
		"Content-Language":       "en",
		"Cache-Control":          "no-store",
		"X-Content-Type-Options": "nosniff",
		"Location":               "",
	} {
		if got := answer.Header.Get(key); got != want {
			t.Errorf("header %s: %q, want %q", key, got, want)
		}
	}
	switch answer.StatusCode {
	case http.StatusMethodNotAllowed:
		if got := answer.Header.Get("Allow"); !strings.HasPrefix(got, "GET, HEAD") {
			t.Errorf("header Allow: %q, want GET, HEAD", got)
		}
	case http.StatusUpgradeRequired:
		want := "websocket"
		if code == "tls_needed" {
			want = "TLS/1.2, HTTP/1.1"
		}
		if got := answer.Header.Get("Upgrade"); got != want {
			t.Errorf("header Upgrade: %q, want %q", got, want)
		}
	}
	if answer.Body == "" {
		return // HEAD
	}
	got := readRefusal(t, answer.Body)
	if got.Code != code || got.Status != answer.StatusCode {
		t.Errorf("refused with %+v, want the code %s and the status %d", got, code, answer.StatusCode)
	}
	for _, text := range []string{got.Message, got.Hint} {
		if text == "" || strings.Contains(text, "error.") || strings.Contains(text, "<no value>") {
			t.Errorf("text %q", text)
		}
	}
}

func TestRefusalInTheClientsLanguage(t *testing.T) {
	s := start(t, nil)
	texts := locale.New(locale.Portuguese)
	for request, want := range map[string]string{
		"DELETE /":            texts.Text("error.method_not_allowed", "Method", "DELETE"),
		"GET /ops?since=then": texts.Text("error.query_invalid", "Parameter", "since"),
		"GET /ops?name=%zz":   texts.Text("error.query_invalid", "Parameter", "%zz"),
		"GET /ops?a;b":        texts.Text("error.query_invalid", "Parameter", ";"),
	} {
		got := exchange(t, s.at.Listen, request+" HTTP/1.1\r\nHost: localhost\r\nAccept-Language: pt-PT, en;q=0.5\r\n\r\n")
		if said := readRefusal(t, got.Body); said.Message != want || got.Header.Get("Content-Language") != "pt-BR" {
			t.Errorf("%s is refused with %+v in %q, want %q in pt-BR", request, said, got.Header.Get("Content-Language"), want)
		}
	}
	s.log.wait(t, "code=query_invalid", `reason="\"then\" is not a position`) // in the language of the log
}

// A body that was announced and does not come must not keep the answer back.
func TestRefusalDoesNotWaitForTheBody(t *testing.T) {
	s := start(t, nil)
	got := exchange(t, s.at.Listen, "DELETE /ops HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
	wantRefused(t, got, "method_not_allowed")
	if !got.Close {
		t.Error("the connection stays open, want it closed")
	}
}

func TestMessagesGoToTheRoomOfThePath(t *testing.T) {
	s := start(t, nil)
	composed, decomposed := join(t, s.at.Listen, "/reuni%C3%A3o"), join(t, s.at.Listen, "/reunia%CC%83o")
	lobby, named := join(t, s.at.Listen, "/"), join(t, s.at.Listen, "/lobby")
	echo := join(t, s.at.Listen, "/lobby?echo=1")
	composed.say(t, "for the meeting")
	decomposed.wantText(t, "for the meeting")
	echo.say(t, "for the lobby")
	for _, c := range []*client{lobby, named, echo} {
		c.wantText(t, "for the lobby")
	}
}

// Whoever is reached by loopback or in a local network only has no business with other names.
func TestHostRule(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n"
	tests := map[string]struct {
		change func(*server.Config)
		status int
	}{
		"loopback":             {func(*server.Config) {}, 421},
		"another host allowed": {func(c *server.Config) { c.AllowHosts = []string{"chat.example"} }, 421},
		"allowed":              {func(c *server.Config) { c.AllowHosts = []string{"evil.example"} }, 101},
		"local network":        {func(c *server.Config) { c.LAN, c.Listen = true, "localhost:0" }, 421},
		"every interface":      {func(c *server.Config) { c.Listen = "0.0.0.0:0" }, 101},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, tt.change)
			if got := exchange(t, s.at.Listen, request+handshake+"\r\n"); got.StatusCode != tt.status {
				t.Errorf("status %d, want %d; body %q", got.StatusCode, tt.status, got.Body)
			}
		})
	}
}

func TestSecretsStayOutOfTheLog(t *testing.T) {
	s := start(t, nil)
	for _, query := range []string{
		"token=S3CRET", "a=1&token=S3CRET&b=2", "session=S3CRET", "%74oken=S3CRET", "TOKEN=S3CRET", "x;token=S3CRET",
		"token=S3CRET&token=S3CRET", "to%zzken=S3CRET",
	} {
		exchange(t, s.at.Listen, "DELETE /ops?"+query+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	s.log.wait(t, "redacted")
	if text := s.log.String(); strings.Contains(text, "S3CRET") || !strings.Contains(text, "a=1&token=redacted&b=2") {
		t.Errorf("the log has a secret, or lacks what is none:\n%s", text)
	}
}

func TestLogIsSafeForTerminals(t *testing.T) {
	s := start(t, nil)
	exchange(t, s.at.Listen, "GET /%1b]52;c;x%07 HTTP/1.1\r\nHost: localhost\r\nOrigin: http://\u202e.example\u009b\r\n\r\n")
	s.log.wait(t, "request refused")
	if text := s.log.String(); strings.ContainsAny(text, "\x1b\x07\u202e\u009b\r") {
		t.Errorf("the log has control characters: %q", text)
	}
}
