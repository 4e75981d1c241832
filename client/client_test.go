package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/client"
)

func TestSendAndReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		big := bytes.Repeat([]byte("é"), 100_000)
		for _, m := range []client.Message{
			{Kind: recado.Text, Data: []byte("oi")},
			{Kind: recado.Text, Data: nil},
			{Kind: recado.Binary, Data: []byte{0, 0xff}},
			{Kind: recado.Text, Data: big},
		} {
			op := map[recado.Kind]ws.OpCode{recado.Text: ws.OpText, recado.Binary: ws.OpBinary}[m.Kind]
			if err := c.Send(t.Context(), m.Kind, m.Data); err != nil {
				t.Fatalf("Send(%v, %d bytes) = %v", m.Kind, len(m.Data), err)
			}
			p.want(op, string(m.Data))
			go p.send(op, string(m.Data))
			want(t, c, m)
		}
	})
}

func TestFragmentsAndControlFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		go func() {
			for _, f := range []ws.Frame{
				ws.NewFrame(ws.OpText, false, []byte("reca")),
				ws.NewPingFrame([]byte("are you there")),
				ws.NewFrame(ws.OpContinuation, false, nil),
				ws.NewFrame(ws.OpContinuation, true, []byte("do")),
			} {
				p.write(ws.MustCompileFrame(f))
			}
		}()
		want(t, c, client.Message{Kind: recado.Text, Data: []byte("recado")})
		p.want(ws.OpPong, "are you there")
	})
}

func TestBytesWithTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		conn := <-s.dials
		defer conn.Close()
		var together bytes.Buffer
		if _, err := ws.Upgrade(readWriter{conn, &together}); err != nil {
			t.Fatal(err)
		}
		ws.MustWriteFrame(&together, ws.NewTextFrame([]byte("at once")))
		conn.Write(together.Bytes())
		want(t, c, client.State{Phase: client.Connected})
		want(t, c, client.Message{Kind: recado.Text, Data: []byte("at once")})
	})
}

// What cannot be sent is refused before it is on its way.
func TestCheck(t *testing.T) {
	tests := map[string]struct {
		kind recado.Kind
		data string
		want error
	}{
		"text":         {recado.Text, "olá", nil},
		"no UTF-8":     {recado.Text, "ol\xe1", client.ErrNotUTF8},
		"bytes":        {recado.Binary, "ol\xe1", nil},
		"as big as is": {recado.Text, strings.Repeat("a", 100), nil},
		"too big":      {recado.Binary, strings.Repeat("a", 101), client.ErrTooBig},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, _, c := connected(t, client.Config{MessageSize: 100})
				if err := c.Send(t.Context(), tt.kind, []byte(tt.data)); !errors.Is(err, tt.want) {
					t.Errorf("Send(%v, %q) = %v, want %v", tt.kind, tt.data, err, tt.want)
				}
				if err := c.TrySend(tt.kind, []byte(tt.data)); !errors.Is(err, tt.want) {
					t.Errorf("TrySend(%v, %q) = %v, want %v", tt.kind, tt.data, err, tt.want)
				}
			})
		})
	}
}

func TestBrokenFrames(t *testing.T) {
	masked := ws.MaskFrame(ws.NewTextFrame([]byte("oi")))
	tests := map[string]struct {
		frame []byte
		want  recado.CloseCode
	}{
		"masked":               {ws.MustCompileFrame(masked), recado.CloseProtocol},
		"reserved bit":         {[]byte{0xc1, 0x00}, recado.CloseProtocol},
		"reserved opcode":      {[]byte{0x83, 0x00}, recado.CloseProtocol},
		"fragmented ping":      {[]byte{0x09, 0x00}, recado.CloseProtocol},
		"long ping":            {append([]byte{0x89, 126, 0, 126}, make([]byte, 126)...), recado.CloseProtocol},
		"nothing to continue":  {[]byte{0x80, 0x00}, recado.CloseProtocol},
		"text inside text":     {[]byte{0x01, 0x00, 0x81, 0x00}, recado.CloseProtocol},
		"negative length":      {[]byte{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, recado.CloseProtocol},
		"too big":              {[]byte{0x82, 126, 0x04, 0x01}, recado.CloseTooBig},
		"too big in fragments": {append(append([]byte{0x02, 126, 0x04, 0x00}, make([]byte, 1024)...), 0x80, 1, 0), recado.CloseTooBig},
		"text that is not":     {[]byte{0x81, 1, 0xff}, recado.CloseInvalidData},
		"half a close code":    {[]byte{0x88, 1, 3}, recado.CloseProtocol},
		"close code 1005":      {[]byte{0x88, 2, 0x03, 0xed}, recado.CloseProtocol},
		"close code 5000":      {[]byte{0x88, 2, 0x13, 0x88}, recado.CloseProtocol},
		"close reason":         {[]byte{0x88, 3, 0x03, 0xe8, 0xff}, recado.CloseInvalidData},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p, c := connected(t, client.Config{MessageSize: 1024})
				go p.write(tt.frame)
				p.wantClose(tt.want)
				wantReconnecting(t, c, 250*time.Millisecond, 1)
				s.accept().conn.Close() // it comes back
			})
		})
	}
}

func TestServerCloses(t *testing.T) {
	for _, code := range []recado.CloseCode{
		1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000, 4001, 4002, 4004,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p, c := connected(t, client.Config{})
				go p.close(code, "some_reason")
				p.wantClose(code)
				var closed *client.CloseError
				err := wantReconnecting(t, c, 250*time.Millisecond, 1)
				if !errors.As(err, &closed) || closed.Code != code || closed.Reason != "some_reason" {
					t.Errorf("the reason is %v, want the close code and its reason", err)
				}
				s.accept().conn.Close()
			})
		})
	}
}

func TestServerClosesWithoutCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		go p.send(ws.OpClose, "")
		p.wantClose(recado.CloseNormal)
		var closed *client.CloseError
		if err := wantReconnecting(t, c, 250*time.Millisecond, 1); !errors.As(err, &closed) || closed.Code != recado.CloseNoStatus {
			t.Errorf("the reason is %v, want a close without a code", err)
		}
	})
}

func TestRefusedByCloseCode(t *testing.T) {
	for _, code := range []recado.CloseCode{4003, 4500, 4501, 4502, 4503, 4504, 4505, 4506} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, p, c := connected(t, client.Config{})
				go p.close(code, "why")
				p.wantClose(code)
				wantRefused(t, c, client.RefusedError{Close: code, Code: "why"})
			})
		})
	}
}

func TestRefusedHandshake(t *testing.T) {
	const body = `{"error":{"code":"origin_refused","status":403,"message":"Origem recusada.","hint":"--allow-origin"}}`
	tests := map[string]struct {
		response string
		want     client.RefusedError
	}{
		"by Recado": {
			"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\n\r\n" + body,
			client.RefusedError{Status: 403, Code: "origin_refused", Message: "Origem recusada.", Hint: "--allow-origin"},
		},
		"a page":         {"HTTP/1.1 200 OK\r\n\r\n<html>", client.RefusedError{Status: 200}},
		"a redirect":     {"HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n", client.RefusedError{Status: 301}},
		"a wrong object": {"HTTP/1.1 404 Not Found\r\n\r\n{\"error\":7}", client.RefusedError{Status: 404}},
		"unable":         {"HTTP/1.1 501 Not Implemented\r\n\r\n", client.RefusedError{Status: 501}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c := opened(t, client.Config{})
				c.TrySend(recado.Text, []byte("in vain"))
				s.answer(tt.response)
				want(t, c, client.Lost{Unsent: 1})
				wantRefused(t, c, tt.want)
				if err := c.TrySend(recado.Text, nil); !errors.Is(err, client.ErrClosed) {
					t.Errorf("TrySend after the refusal = %v, want ErrClosed", err)
				}
			})
		})
	}
}

func wantRefused(t *testing.T, c *client.Client, want client.RefusedError) {
	t.Helper()
	state, isState := next(t, c).(client.State)
	var refused *client.RefusedError
	if !isState || state.Phase != client.Refused || !errors.As(state.Err, &refused) || *refused != want {
		t.Fatalf("event %+v, want the refusal %+v", state, want)
	}
	if e, open := <-c.Events(); open {
		t.Errorf("event %+v after the refusal", e)
	}
	if err := c.Finish(t.Context()); !errors.As(err, &refused) {
		t.Errorf("Finish() = %v, want the refusal", err)
	}
}

func TestUnavailable(t *testing.T) {
	date := time.Date(2000, 1, 1, 0, 0, 7, 0, time.UTC).Format(time.RFC1123) // bubbles begin at midnight
	tests := map[string]struct {
		response string
		wait     time.Duration
	}{
		"503":              {"HTTP/1.1 503 Service Unavailable\r\n\r\n", 250 * time.Millisecond},
		"503, seconds":     {"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 20\r\n\r\n", 20*time.Second + 250*time.Millisecond},
		"503, a date":      {"HTTP/1.1 503 x\r\nRetry-After: " + strings.Replace(date, "UTC", "GMT", 1) + "\r\n\r\n", 7*time.Second + 250*time.Millisecond},
		"429, too long":    {"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 86400\r\n\r\n", 5*time.Minute + 250*time.Millisecond},
		"a gateway's":      {"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", 250 * time.Millisecond},
		"not an answer":    {"SSH-2.0-OpenSSH_9.2\r\n\r\n", 250 * time.Millisecond},
		"an empty answer":  {"", 250 * time.Millisecond},
		"a wrong accept":   {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: aaaa\r\n\r\n", 250 * time.Millisecond},
		"half a handshake": {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: web", 250 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c := opened(t, client.Config{})
				s.answer(tt.response)
				wantReconnecting(t, c, tt.wait, 1)
				p := s.accept()
				defer p.conn.Close()
				want(t, c, client.State{Phase: client.Connected})
			})
		})
	}
}

func TestHandshakeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		start := time.Now()
		defer (<-s.dials).Close() // and says nothing
		if err := wantReconnecting(t, c, 250*time.Millisecond, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the reason is %v, want a timeout", err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("given up after %v, want 10 s", took)
		}
	})
}

func TestWrongURL(t *testing.T) {
	for _, address := range []string{"", "localhost:8765", "ftp://localhost/", "ws:///ops", "ws://a:b@localhost/", "ws://[::1", "http://%zz/"} {
		if c, err := client.Open(t.Context(), client.Config{URL: address}); !errors.Is(err, client.ErrURL) {
			t.Errorf("Open(%q) = %v, %v, want ErrURL", address, c, err)
		}
	}
}

func TestURL(t *testing.T) {
	tests := map[string]string{
		"http://localhost:8765":     "ws://localhost:8765/",
		"https://exemplo.com/ops#x": "wss://exemplo.com/ops",
		"ws://[::1]:80/a%20b?x=1":   "ws://[::1]:80/a%20b?x=1",
	}
	for address, want := range tests {
		synctest.Test(t, func(t *testing.T) {
			c, err := client.Open(t.Context(), client.Config{URL: address, Dial: (&server{down: true}).dial})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := c.URL(); got != want {
				t.Errorf("Open(%q).URL() = %q, want %q", address, got, want)
			}
		})
	}
}
