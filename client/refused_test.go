package client_test

import (
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
	v1 "recado/internal/protocol/v1"
)

func TestServerCloses(t *testing.T) {
	for _, code := range []recado.CloseCode{
		1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000, 4001, 4002, 4003, 4004, 4505,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, p, c := connected(t, client.Config{})
				go p.close(code, "some_reason")
				p.wantClose(code)
				var closed *client.CloseError
				err := wantReconnecting(t, c, 250*time.Millisecond, 1)
				if !errors.As(err, &closed) || closed.Code != code || closed.Reason != "some_reason" {
					t.Errorf("the reason is %v, want the close code and its reason", err)
				}
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
	for _, code := range []recado.CloseCode{4500, 4501, 4502, 4503, 4504, 4506} {
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

// What is wrong with the hello would be wrong with the next one too.
func TestRefusedHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		p, _ := s.accept()
		p.tell(&v1.Error{Code: "session_invalid", Message: "too short"})
		wantRefused(t, c, client.RefusedError{Code: "session_invalid", Message: "too short"})
	})
}

// A WebSocket server that speaks something else is no place to try again.
func TestNotRecado(t *testing.T) {
	for name, protocol := range map[string]string{
		"no subprotocol": "", "another one": "Sec-WebSocket-Protocol: chat\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c := opened(t, client.Config{})
				conn := <-s.dials
				defer conn.Close()
				upgrader := ws.Upgrader{Header: ws.HandshakeHeaderString(protocol)}
				upgrader.Upgrade(conn)
				state, _ := next(t, c).(client.State)
				if state.Phase != client.Refused || !errors.Is(state.Err, client.ErrNotRecado) {
					t.Errorf("the state is %+v, want a refusal with ErrNotRecado", state)
				}
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
		"a page":         {"HTTP/1.1 200 OK\r\n\r\n<html>", client.RefusedError{Status: 200, Err: client.ErrNotWebSocket}},
		"a redirect":     {"HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n", client.RefusedError{Status: 301, Err: client.ErrNotWebSocket}},
		"a wrong object": {"HTTP/1.1 404 Not Found\r\n\r\n{\"error\":7}", client.RefusedError{Status: 404, Err: client.ErrNotWebSocket}},
		"unable":         {"HTTP/1.1 501 Not Implemented\r\n\r\n", client.RefusedError{Status: 501, Err: client.ErrNotWebSocket}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c := opened(t, client.Config{})
				id := try(t, c, "in vain")
				s.answer(tt.response)
				var refused *client.RefusedError
				lost, _ := next(t, c).(client.Lost)
				if lost.ID != id || !errors.As(lost.Err, &refused) || errors.Is(lost.Err, client.ErrUncertain) {
					t.Errorf("event %+v, want the message lost for the refusal", lost)
				}
				wantRefused(t, c, tt.want)
				if _, err := c.TrySend(text("")); !errors.Is(err, client.ErrClosed) || !errors.As(err, &refused) {
					t.Errorf("TrySend after the refusal = %v, want ErrClosed and the refusal", err)
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
				p, _ := s.accept()
				p.tell(hello)
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

// The welcome must come as soon as the handshake's answer would have to: the time counts from the attempt on.
func TestNoWelcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		start := time.Now()
		time.Sleep(4 * time.Second)
		p, _ := s.accept()
		if err := wantReconnecting(t, c, 250*time.Millisecond, 1); !errors.Is(err, client.ErrSilent) {
			t.Errorf("the reason is %v, want ErrSilent", err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("given up after %v, want 10 s", took)
		}
		p.wantClose(recado.ClosePingTimeout)
		s.accept()
		wantReconnecting(t, c, 500*time.Millisecond, 2) // that was no stable connection
	})
}
