package transport_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"recado"
	"recado/internal/transport"
)

// Each handshake is upgrade with one thing changed.
func TestRefusals(t *testing.T) {
	s := newServer(t, transport.Config{Compress: true})
	for name, tt := range map[string]struct {
		old, changed string
		status       int
		code         string
	}{
		"POST":                         {"GET ", "POST ", 400, "bad_handshake"},
		"PUT with a body":              {"GET /lobby HTTP/1.1\r\n", "PUT /lobby HTTP/1.1\r\nContent-Length: 0\r\n", 400, "bad_handshake"},
		"HTTP/1.0":                     {"HTTP/1.1", "HTTP/1.0", 400, "bad_handshake"},
		"a body":                       {"\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nHello", 400, "bad_handshake"},
		"a body to come":               {"\r\n\r\n", "\r\nContent-Length: 5\r\n\r\n", 400, "bad_handshake"},
		"Transfer-Encoding":            {"\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_handshake"},
		"no Upgrade":                   {"Upgrade: websocket\r\n", "", 400, "bad_handshake"},
		"Upgrade to something else":    {"Upgrade: websocket", "Upgrade: h2c", 400, "bad_handshake"},
		"Upgrade to nearly that":       {"Upgrade: websocket", "Upgrade: websockets", 400, "bad_handshake"},
		"no Connection":                {"Connection: Upgrade\r\n", "", 400, "bad_handshake"},
		"Connection without upgrade":   {"Connection: Upgrade", "Connection: keep-alive", 400, "bad_handshake"},
		"no key":                       {"Sec-WebSocket-Key: " + upgradeKey + "\r\n", "", 400, "bad_handshake"},
		"empty key":                    {upgradeKey, "", 400, "bad_handshake"},
		"short key":                    {upgradeKey, "c2hvcnQ=", 400, "bad_handshake"},
		"15 bytes of key":              {upgradeKey, "dGhlIHNhbXBsZSBub25j", 400, "bad_handshake"},
		"17 bytes of key":              {upgradeKey, "dGhlIHNhbXBsZSBub25jZWU=", 400, "bad_handshake"},
		"a key that is no base64":      {upgradeKey, "dGhlIHNhbXBsZSBub25jZQ!!", 400, "bad_handshake"},
		"two keys":                     {"\r\n\r\n", "\r\nSec-WebSocket-Key: " + upgradeKey + "\r\n\r\n", 400, "bad_handshake"},
		"no version":                   {"Sec-WebSocket-Version: 13\r\n", "", 426, "websocket_version"},
		"version 8":                    {"Version: 13", "Version: 8", 426, "websocket_version"},
		"version 0":                    {"Version: 13", "Version: 0", 426, "websocket_version"},
		"version 130":                  {"Version: 13", "Version: 130", 426, "websocket_version"},
		"version in words":             {"Version: 13", "Version: thirteen", 426, "websocket_version"},
		"two versions":                 {"Version: 13", "Version: 13\r\nSec-WebSocket-Version: 14", 426, "websocket_version"},
		"no Host":                      {"Host: localhost\r\n", "", 400, ""},
		"a token alone":                {"\r\n\r\n", "\r\nSec-WebSocket-Protocol: bearer.abc\r\n\r\n", 400, "bad_handshake"},
		"two tokens alone":             {"\r\n\r\n", "\r\nSec-WebSocket-Protocol: bearer.abc, bearer.def\r\n\r\n", 400, "bad_handshake"},
		"a subprotocol with a space":   {"\r\n\r\n", "\r\nSec-WebSocket-Protocol: a b\r\n\r\n", 400, "bad_handshake"},
		"a subprotocol with a quote":   {"\r\n\r\n", "\r\nSec-WebSocket-Protocol: \"raw\"\r\n\r\n", 400, "bad_handshake"},
		"extensions that are no list":  {"\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate; =\r\n\r\n", 400, "bad_handshake"},
		"extensions with an open quot": {"\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate; a=\"b\r\n\r\n", 400, "bad_handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			s.wantRefusal(t, strings.Replace(upgrade, tt.old, tt.changed, 1), tt.status, tt.code)
		})
	}
	if n := s.Len(); n != 0 {
		t.Errorf("Len() = %d, want 0", n)
	}
}

func (s *server) wantRefusal(t *testing.T, request string, status int, code string) {
	t.Helper()
	p := s.connect(t)
	p.send(t, request)
	p.readAnswer(t)
	body, err := io.ReadAll(p.answer.Body)
	if err != nil {
		t.Fatalf("body: %v", err)
	}
	if p.answer.StatusCode != status || code != "" && strings.TrimSpace(string(body)) != code {
		t.Errorf("%d %q, want %d %q", p.answer.StatusCode, body, status, code)
	}
	if got := p.answer.Header.Get("Sec-WebSocket-Version"); status == http.StatusUpgradeRequired && got != "13" {
		t.Errorf("Sec-WebSocket-Version: %q, want 13", got)
	}
	if p.answer.Header.Get("Sec-WebSocket-Accept") != "" {
		t.Error("a refusal has Sec-WebSocket-Accept")
	}
}

// What differs among clients and is allowed.
func TestAcceptedHandshakes(t *testing.T) {
	s := newServer(t, transport.Config{})
	for name, tt := range map[string]struct{ old, changed string }{
		"as in the RFC":        {"", ""},
		"other cases":          {"Upgrade: websocket\r\nConnection: Upgrade", "upgrade: WebSocket\r\nCONNECTION: UPGRADE"},
		"keep-alive, Upgrade":  {"Connection: Upgrade", "Connection: keep-alive, Upgrade"},
		"two Connection lines": {"Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"},
		"several upgrades":     {"Upgrade: websocket", "Upgrade: h2c, websocket"},
		"an empty body":        {"\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n"},
		"blanks":               {"Version: 13", "Version:   13  "},
		"an empty list":        {"\r\n\r\n", "\r\nSec-WebSocket-Protocol: \r\n\r\n"},
		"extensions, not ours": {"\r\n\r\n", "\r\nSec-WebSocket-Extensions: x-webkit-deflate-frame, foo; bar=1\r\n\r\n"},
		"a browser's origin":   {"\r\n\r\n", "\r\nOrigin: http://localhost:8000\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.connect(t)
			p.send(t, strings.Replace(upgrade, tt.old, tt.changed, 1)+final(ping, "behind"))
			p.readAnswer(t)
			h := p.answer.Header
			if p.answer.StatusCode != http.StatusSwitchingProtocols || h.Get("Sec-WebSocket-Accept") != upgradeAccept ||
				h.Get("Upgrade") != "websocket" || h.Get("Connection") != "Upgrade" {
				t.Errorf("%s %v", p.answer.Status, h)
			}
			for _, key := range []string{"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} {
				if values, found := h[key]; found {
					t.Errorf("%s: %q, want none", key, values)
				}
			}
			p.expect(t, "pong behind")
		})
	}
}

func TestSubprotocols(t *testing.T) {
	s := newServer(t, transport.Config{})
	for name, tt := range map[string]struct{ offer, want string }{
		"raw":                        {"recado.raw", "recado.raw"},
		"raw among others":           {"chat, recado.raw, soap", "recado.raw"},
		"unknown":                    {"chat", "chat"},
		"several unknown":            {"superchat, chat", "superchat"},
		"a token first":              {"bearer.abc.def-_~, recado.raw", "recado.raw"},
		"a token last":               {"recado.raw, bearer.abc", "recado.raw"},
		"a token before an unknown":  {"bearer.abc, chat", "chat"},
		"on two lines":               {"bearer.abc\r\nSec-WebSocket-Protocol: chat, soap", "chat"},
		"every sign of a token":      {"!#$%&'*+-.^_`|~09azAZ", "!#$%&'*+-.^_`|~09azAZ"},
		"a name that begins like it": {"bearer", "bearer"},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.join(t, "/lobby", "Sec-WebSocket-Protocol: "+tt.offer+"\r\n", "")
			if got := p.answer.Header.Values("Sec-WebSocket-Protocol"); len(got) != 1 || got[0] != tt.want {
				t.Errorf("offer %q answered with %q, want %q", tt.offer, got, tt.want)
			}
		})
	}
}

func TestDeflateOffers(t *testing.T) {
	const (
		agreed   = "permessage-deflate;server_no_context_takeover;client_no_context_takeover"
		declined = ""
	)
	s := newServer(t, transport.Config{Compress: true})
	tests := map[string]struct{ offer, want string }{
		"plain":                           {"permessage-deflate", agreed},
		"of a browser":                    {"permessage-deflate; client_max_window_bits", agreed},
		"client bits":                     {"permessage-deflate; client_max_window_bits=10", agreed},
		"client bits, quoted":             {`permessage-deflate; client_max_window_bits="10"`, agreed},
		"no takeover":                     {"permessage-deflate; server_no_context_takeover; client_no_context_takeover", agreed},
		"all parameters":                  {"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=12", agreed + ";server_max_window_bits=9"},
		"the first of two":                {"permessage-deflate; server_max_window_bits=9, permessage-deflate", agreed + ";server_max_window_bits=9"},
		"the first that is right":         {"permessage-deflate; server_max_window_bits=7, permessage-deflate; server_max_window_bits=10", agreed + ";server_max_window_bits=10"},
		"beside another extension":        {"mux; max-channels=4, permessage-deflate", agreed},
		"on the second line":              {"mux\r\nSec-WebSocket-Extensions: permessage-deflate", agreed},
		"another extension":               {"deflate-stream", declined},
		"unknown parameter":               {"permessage-deflate; level=9", declined},
		"no number":                       {"permessage-deflate; server_max_window_bits=ten", declined},
		"no value":                        {"permessage-deflate; server_max_window_bits", declined},
		"empty value":                     {`permessage-deflate; server_max_window_bits=""`, declined},
		"7 bits":                          {"permessage-deflate; server_max_window_bits=7", declined},
		"16 bits":                         {"permessage-deflate; server_max_window_bits=16", declined},
		"0 bits":                          {"permessage-deflate; server_max_window_bits=0", declined},
		"1 bit":                           {"permessage-deflate; client_max_window_bits=1", declined},
		"a leading zero":                  {"permessage-deflate; server_max_window_bits=08", declined},
		"a leading zero, client":          {"permessage-deflate; client_max_window_bits=010", declined},
		"no digit":                        {`permessage-deflate; server_max_window_bits=":"`, declined},
		"beyond all integers":             {"permessage-deflate; server_max_window_bits=18446744073709551626", declined},
		"negative":                        {"permessage-deflate; server_max_window_bits=-10", declined},
		"16 bits, client":                 {"permessage-deflate; client_max_window_bits=16", declined},
		"takeover with a value":           {"permessage-deflate; server_no_context_takeover=1", declined},
		"the same parameter twice":        {"permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", declined},
		"the same parameter twice, empty": {"permessage-deflate; client_max_window_bits; client_max_window_bits", declined},
		"twice, once with a value":        {"permessage-deflate; client_max_window_bits=9; client_max_window_bits", declined},
		"no takeover twice":               {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", declined},
		"many parameters":                 {"permessage-deflate" + strings.Repeat("; a", 1000), declined},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := s.join(t, "/lobby?echo", "Sec-WebSocket-Extensions: "+tt.offer+"\r\n", "")
			got := strings.ReplaceAll(strings.Join(p.answer.Header.Values("Sec-WebSocket-Extensions"), ","), "; ", ";")
			if got != tt.want {
				t.Fatalf("offer %q answered with %q, want %q", tt.offer, got, tt.want)
			}
			if tt.want == declined {
				probe{deflated(text, "Hello"), want{protocolError}}.on(t, p, 0)
			}
		})
	}
	off := newServer(t, transport.Config{})
	p := off.join(t, "/lobby", "Sec-WebSocket-Extensions: permessage-deflate\r\n", "")
	if got := p.answer.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		t.Errorf("with compression off the answer is %q", got)
	}
	probe{deflated(text, "Hello"), want{protocolError}}.on(t, p, 0)
}

func TestConnectionLimit(t *testing.T) {
	s := newServer(t, transport.Config{Limits: recado.Limits{Connections: 2}})
	one, two := s.join(t, "/a", "", ""), s.join(t, "/b", "", "")
	three := s.connect(t)
	three.send(t, upgrade)
	three.readAnswer(t)
	if got := three.answer; got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("the third is answered with %s %v, want 503 and Retry-After", got.Status, got.Header)
	}
	_ = one.Close()
	s.log.wait(t, "client disconnected")
	if n := s.Len(); n != 1 {
		t.Errorf("Len() = %d after one of two has left", n)
	}
	s.joinWhenFree(t)
	two.send(t, final(ping, ""))
	two.expect(t, "pong")
}

// joinWhenFree knocks until the place of one who left is free; it is given up a moment after that was logged.
func (s *server) joinWhenFree(t *testing.T) {
	t.Helper()
	status := ""
	for start := time.Now(); time.Since(start) < patience; {
		p := s.connect(t)
		p.send(t, upgrade)
		p.readAnswer(t)
		if status = p.answer.Status; p.answer.StatusCode != http.StatusServiceUnavailable {
			break
		}
		_ = p.Close()
	}
	if !strings.HasPrefix(status, "101 ") {
		t.Fatalf("with a place free again, answered with %s", status)
	}
}

// What a client sends in the same segment as its handshake must not be lost, however much it is.
func TestBytesBehindTheHandshake(t *testing.T) {
	s := newServer(t, transport.Config{})
	long := strings.Repeat("a", 30_000)
	for name, tt := range map[string]struct {
		behind string
		rest   string // sent after the answer has come
		want   want
	}{
		"a frame":             {final(text, "oi"), "", want{"text oi"}},
		"many frames":         {strings.Repeat(final(text, "oi"), 3), "", want{"text oi", "text oi", "text oi"}},
		"half a header":       {final(text, "oi")[:3], final(text, "oi")[3:], want{"text oi"}},
		"half a payload":      {final(text, "oi")[:7], final(text, "oi")[7:], want{"text oi"}},
		"more than a buffer":  {final(text, long), "", want{says(text, long)}},
		"part of a long one":  {final(text, long)[:10_000], final(text, long)[10_000:], want{says(text, long)}},
		"a violation":         {final(3, ""), "", want{protocolError}},
		"a close":             {closing(1000, ""), "", want{"close 1000"}},
		"one byte of a frame": {final(text, "oi")[:1], final(text, "oi")[1:], want{"text oi"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.join(t, "/alone?echo", "", tt.behind)
			defer p.Close()
			p.send(t, tt.rest)
			p.expect(t, tt.want...)
		})
	}
}

// A client may send the head of its request as slowly as the server allows, byte by byte too.
func TestHandshakeByteByByte(t *testing.T) {
	s := newServer(t, transport.Config{})
	p := s.connect(t)
	p.sendChopped(upgrade+final(ping, "oi"), 1)
	p.readAnswer(t)
	p.expect(t, "pong oi")
}

// After Close nobody is let in, and nothing was written to those who were not.
func TestHandshakeAfterClose(t *testing.T) {
	s := newServer(t, transport.Config{})
	if err := s.Close(t.Context(), recado.CloseGoingAway); err != nil {
		t.Fatal(err)
	}
	p := s.connect(t)
	p.send(t, upgrade)
	p.readAnswer(t)
	if p.answer.StatusCode != http.StatusServiceUnavailable || p.answer.Header.Get("Retry-After") == "" {
		t.Errorf("answered with %s %v, want 503 and Retry-After", p.answer.Status, p.answer.Header)
	}
}
