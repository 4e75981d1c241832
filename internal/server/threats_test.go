package server_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"recado"
	"recado/internal/auth"
	"recado/internal/server"
)

// A page of another site gets nothing done, whatever the method; nor does one that has no origin.
func TestOriginOverEveryMethod(t *testing.T) {
	seen := new(witness)
	s := start(t, func(c *server.Config) { c.Observer = seen })
	local := "http://localhost:3000"
	for _, origin := range []string{"https://evil.example", "null", "file://", "http://localhost.evil.example", local + "\r\nOrigin: null"} {
		for _, request := range []string{
			"GET /ops", "HEAD /ops", "POST /ops", "PUT /ops", "PATCH /ops", "DELETE /ops", "OPTIONS /ops", "BREW /ops",
			"GET /v1/rooms", "GET /metrics", "GET /healthz", "GET /", "TRACE /",
		} {
			for _, more := range []string{"", "Accept: text/html\r\n", "Accept: text/event-stream\r\n", handshake, "Access-Control-Request-Method: POST\r\n"} {
				a := exchange(t, s.at.Listen, request+" HTTP/1.1\r\nHost: localhost\r\nOrigin: "+origin+"\r\n"+more+"Content-Length: 0\r\n\r\n")
				if a.StatusCode != http.StatusForbidden || a.Header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s from %q with %q: status %d, header %v", request, origin, more, a.StatusCode, a.Header)
				}
			}
		}
	}
	if seen.mu.Lock(); strings.Contains(strings.Join(seen.lines, "\n"), "http 0") || s.Clients() > 0 {
		t.Errorf("it was published, or somebody joined: %q", seen.lines)
	}
	seen.mu.Unlock()
	if a := exchange(t, s.at.Listen, "POST /ops HTTP/1.1\r\nHost: localhost\r\nOrigin: "+local+"\r\nContent-Length: 2\r\n\r\noi"); a.StatusCode != http.StatusOK {
		t.Errorf("a page of this machine: status %d %s", a.StatusCode, a.Body)
	}
}

// On the network that the server was opened to, people and their pages come by its address.
func TestLocalNetworkByAddress(t *testing.T) {
	s := start(t, func(c *server.Config) { c.LAN, c.Listen = true, "localhost:0" })
	at := "127.0.0.1:" + port(t, s.at.Listen)
	for host, status := range map[string]int{"192.168.0.12:8765": 101, "[fd00::12]:8765": 101, "evil.example": 421} {
		for _, origin := range []string{"", "Origin: http://" + host + "\r\n"} {
			a := exchange(t, at, "GET /ops HTTP/1.1\r\nHost: "+host+"\r\n"+origin+handshake+"\r\n")
			if a.StatusCode != status {
				t.Errorf("Host %s, %q: status %d, want %d", host, origin, a.StatusCode, status)
			}
		}
	}
	a := exchange(t, at, "GET /ops HTTP/1.1\r\nHost: 192.168.0.12:8765\r\nOrigin: http://192.168.0.66:8765\r\n"+handshake+"\r\n")
	wantRefused(t, a, "origin_refused") // of another machine there
}

// What no WebSocket client sends is answered with what is wrong with it, and nothing of it is taken for a frame.
func TestOddUpgrades(t *testing.T) {
	s := start(t, nil)
	plain := "GET /ops HTTP/1.1\r\nHost: localhost\r\n" + handshake
	for name, tt := range map[string]struct {
		request string
		status  int
	}{
		"a body":            {plain + "Content-Length: 5\r\n\r\nHello", 400},
		"Transfer-Encoding": {plain + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		"both":              {plain + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
		"two lengths":       {plain + "Content-Length: 0\r\nContent-Length: 5\r\n\r\nHello", 400},
		"HTTP/1.0":          {strings.Replace(plain, "HTTP/1.1", "HTTP/1.0", 1) + "\r\n", 400},
		"HTTP/0.9":          {"GET /ops\r\n", 400},
		"POST":              {strings.Replace(plain, "GET", "POST", 1) + "\r\n", 400},
		"short key":         {strings.Replace(plain, "dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=", 1) + "\r\n", 400},
		"version 12":        {strings.Replace(plain, "Version: 13", "Version: 12", 1) + "\r\n", 426},
		"no version":        {strings.Replace(plain, "Sec-WebSocket-Version: 13\r\n", "", 1) + "\r\n", 426},
	} {
		t.Run(name, func(t *testing.T) {
			a := exchange(t, s.at.Listen, tt.request)
			if a.StatusCode != tt.status || (a.Header.Get("Sec-WebSocket-Version") == "13") != (tt.status == 426) {
				t.Errorf("status %d, header %v, want %d", a.StatusCode, a.Header, tt.status)
			}
		})
	}
	if s.Clients() != 0 {
		t.Errorf("%d clients, want none", s.Clients())
	}
}

// HTTP/2 is not spoken, so that none of its floods is possible.
func TestHTTP2IsOff(t *testing.T) {
	s := start(t, nil)
	conn := dial(t, s.at.Listen, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	got, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
		t.Errorf("read %q, %v, want 400 and the end", got, err)
	}
	a := exchange(t, s.at.Listen, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")
	if a.StatusCode != http.StatusOK {
		t.Errorf("with an offer of h2c: status %d, want 200 over HTTP/1.1", a.StatusCode)
	}
}

// A name that is none is refused wherever it is given, and no room comes of it.
func TestNamesOverEveryEntry(t *testing.T) {
	s := start(t, nil)
	for _, name := range []string{
		"*", ">", "a.*", "a/>", "..", ".", ".hidden", "a b", "a\x00b", "\x7f", "a\nb", "a\u202eb", "\u200b", "a/b", "a//b", `a\b`,
		"a?b", "a#b", "a%b", "%2f", "%2e%2e", "$SYS", "a+b", "<b>", `"`, "'", "a&b", "\xff", "\xc0\xaf", "v1", "assets",
		strings.Repeat("a", 129), strings.Repeat("ã", 65),
	} {
		for _, entry := range []string{
			"GET /NAME HTTP/1.1\r\nHost: localhost\r\n" + handshake + "\r\n",
			"GET /NAME HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n",
			"GET /NAME?poll=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
			"POST /NAME HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\noi",
			"PUT /NAME HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\noi",
			"GET /v1/rooms/NAME HTTP/1.1\r\nHost: localhost\r\n\r\n",
			"GET /v1/rooms/NAME/messages HTTP/1.1\r\nHost: localhost\r\n\r\n",
			"GET /v1/rooms/NAME/members HTTP/1.1\r\nHost: localhost\r\n\r\n",
			"GET /v1/check?room=NAME HTTP/1.1\r\nHost: localhost\r\n\r\n",
		} {
			for _, escaped := range []string{strings.ReplaceAll(url.PathEscape(name), "&", "%26"), escapeAll(name)} {
				request := strings.Replace(entry, "NAME", escaped, 1)
				switch a := exchange(t, s.at.Listen, request); a.StatusCode {
				case http.StatusBadRequest, http.StatusNotFound:
				default:
					t.Errorf("%q: status %d %s", request[:min(len(request), 80)], a.StatusCode, a.Body)
				}
			}
		}
	}
	if a := exchange(t, s.at.Listen, "GET /v1/info HTTP/1.1\r\nHost: localhost\r\n\r\n"); !strings.Contains(a.Body, `"rooms":0`) {
		t.Errorf("rooms came of it: %s", a.Body)
	}
}

// escapeAll escapes every byte, for a path and a query alike.
func escapeAll(name string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(name) {
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}

// Who says something is who the server knows, not who the message says.
func TestSenderIsNotForged(t *testing.T) {
	s := guarded(t)
	lines := bufio.NewReader(dial(t, s.at.Listen,
		"GET /ops HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\nAuthorization: Bearer S3CRET-password\r\n\r\n"))
	if head, err := lines.ReadString('\n'); err != nil || !strings.Contains(head, "200") {
		t.Fatalf("the listener is answered with %q, %v", head, err)
	}
	forged := `"from":{"id":"maaaaaaaaaaaaaaaaaaaaaaaaaa","name":"root"},"seq":1,"user":"root","name":"root"`
	c := talk(t, s.at.Listen, "Authorization: Bearer "+token(t)+"\r\n")
	c.say(t, `{"type":"hello"}`)
	c.wantFrameWith(t, `"type":"welcome"`)
	c.say(t, `{"type":"publish","text":"one",`+forged+`}`)
	body := `{"text":"two",` + forged + `}`
	exchange(t, s.at.Listen, "POST /ops?name=root HTTP/1.1\r\nHost: localhost\r\nX-Recado-From: root\r\nContent-Type: application/json\r\nAuthorization: Bearer "+
		token(t)+"\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
	for range 2 {
		line := ""
		for !strings.Contains(line, `"type":"message"`) {
			var err error
			if line, err = lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		_, from, _ := strings.Cut(line, `"from":`) // the first: the rest is content
		if from, _, _ = strings.Cut(from, "}"); !strings.Contains(from, `"name":"Ana"`) || strings.Contains(from, "maaaa") {
			t.Errorf("it is from %s in %s", from, line)
		}
	}
}

// Wherever a secret is given, and whatever becomes of the request, the log does not have it, at no level.
func TestSecretsInNoLog(t *testing.T) {
	log := &record{}
	tokens, err := auth.NewTokens(auth.TokensConfig{Password: "S3CRET-password", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer tokens.Close()
	const session = "S3CRET-session-0123456789"
	right := token(t)
	secrets := []string{right, "S3CRET-password", "S3CRET-wrong", right[:len(right)-4] + "AAAA", strings.Repeat("S3CRET", 2000)}
	for _, request := range []string{
		"GET /ops?token=TOKEN&session=" + session, "POST /ops?session=" + session + "&token=TOKEN", "DELETE /ops?TOKEN=TOKEN",
		"GET /ops/no/room?token=TOKEN", "GET /v1/rooms?token=TOKEN", "GET /metrics?token=TOKEN", "GET //x?session=" + session + ";token=TOKEN",
		"HEAD /ops?poll=1&token=TOKEN", "GET /ops?since=bad&token=TOKEN", "GET /v1/check?room=..&token=TOKEN",
	} {
		s := start(t, func(c *server.Config) { // each logs few enough refusals to log them all
			c.Authenticator, c.MetricsAuthenticator, c.Metrics = tokens, tokens, http.NotFoundHandler()
			c.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			c.Limits.AuthFailures = recado.Off
		})
		for _, given := range secrets {
			target := strings.ReplaceAll(request, "=TOKEN", "="+url.QueryEscape(given))
			for _, header := range []string{
				"", handshake, "Authorization: Bearer " + given + "\r\nRecado-Session: " + session + "\r\n", "Authorization: Basic " + given + "\r\n",
				handshake + "Sec-WebSocket-Protocol: recado.raw, bearer." + given + "\r\n", "Cookie: token=" + given + "\r\n",
				"Authorization: Bearer " + given + "\r\nOrigin: null\r\n",
			} {
				conn := dial(t, s.at.Listen, target+" HTTP/1.1\r\nHost: localhost\r\n"+header+"Connection: close\r\n\r\n")
				conn.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, conn)
				conn.Close()
			}
			c := talk(t, s.at.Listen, "")
			c.say(t, `{"type":"hello","token":"`+given+`","session":"`+session+`"}`)
			c.say(t, `{"type":"auth","token":"`+given+`"}`)
			c.say(t, `{"type":"auth","token":"`+given+`","id":{}}`)
			c.say(t, `{"type":"token","token":"`+given+`"}`)
			c.conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c.conn)
		}
		eventually(t, "the last to go", func() bool { return s.Clients() == 0 })
	}
	text := log.String()
	for _, part := range []string{"S3CRET", right[20:60], right[len(right)-24 : len(right)-4]} {
		if i := strings.Index(text, part); i >= 0 {
			t.Errorf("the log has %q: …%s…", part, text[max(0, i-300):min(len(text), i+60)])
		}
	}
	if !strings.Contains(text, "client introduced") || !strings.Contains(text, "code=auth_invalid") || strings.Contains(text, "more was refused") {
		t.Error("the log lacks what it should have")
	}
}

// Many who come at once are served as far as there is room; the rest is told, or dropped, and all who are in go on.
func TestManyComeAtOnce(t *testing.T) {
	const room, come = 100, 600
	s := start(t, func(c *server.Config) { c.Limits.Connections = room })
	var all sync.WaitGroup
	var mu sync.Mutex // guards what follows
	counts := map[string]int{}
	for range come {
		all.Go(func() {
			conn, err := net.Dial("tcp", s.at.Listen)
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			io.WriteString(conn, joining+"\r\n")
			answer, _ := bufio.NewReader(conn).ReadString('\n')
			mu.Lock()
			defer mu.Unlock()
			counts[strings.TrimSpace(answer)]++
		})
	}
	all.Wait()
	in, told, dropped := counts["HTTP/1.1 101 Switching Protocols"], counts["HTTP/1.1 503 Service Unavailable"], counts[""]
	if in > room || in < room/2 || in+told+dropped != come {
		t.Errorf("of %d connections %d came in, %d were told and %d dropped, want up to %d in: %v", come, in, told, dropped, room, counts)
	}
	if s.Clients() != in {
		t.Errorf("%d clients, want %d", s.Clients(), in)
	}
}
