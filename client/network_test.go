package client_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/client"
	v1 "recado/internal/protocol/v1"
)

// listener is a server with a room for one, where beto says "ouvi: " and what he has heard.
func listener(w http.ResponseWriter, r *http.Request) {
	upgrader := ws.HTTPUpgrader{Protocol: func(name string) bool { return name == v1.Subprotocol }}
	conn, _, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		return
	}
	defer conn.Close()
	tell := func(e v1.Event) {
		ws.WriteFrame(conn, ws.NewTextFrame(v1.AppendEvent(nil, e)))
	}
	seq := uint64(10)
	for {
		frame, err := ws.ReadFrame(conn) //nolint:staticcheck // the test's own client sends little
		if err != nil {
			return
		}
		frame = ws.UnmaskFrame(frame)
		if frame.Header.OpCode == ws.OpClose {
			ws.WriteFrame(conn, ws.NewCloseFrame(frame.Payload))
			return
		}
		command, err := v1.DecodeCommand(frame.Payload)
		if err != nil {
			return
		}
		switch c := command.(type) {
		case v1.Hello:
			welcome := hello
			welcome.You.Name = c.Name
			tell(welcome)
		case v1.Publish:
			seq += 2
			tell(v1.Ack{ID: c.ID, Seq: seq - 1, Prev: seq - 2})
			tell(v1.Message{
				Seq: seq, Prev: seq - 1, Time: time.Unix(0, 0), From: v1.Member(beto),
				Content: v1.Content{Kind: recado.Text, Data: fmt.Appendf(nil, "ouvi: %s", c.Content.Data)},
			})
		}
	}
}

func TestOverTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(listener))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c, err := client.Dial(t.Context(), client.Config{URL: s.URL, TLS: &tls.Config{RootCAs: roots}, Header: http.Header{"X-Test": {"1"}}})
	if err != nil {
		t.Fatal(err)
	}
	go drain(c)
	if receipt, err := c.Publish(t.Context(), text("oi")); err != nil || receipt.Position != at(11) {
		t.Errorf("Publish() = %v, %v, want position 11", receipt, err)
	}
	if err := c.Finish(t.Context()); err != nil {
		t.Errorf("Finish() = %v", err)
	}
}

func TestWrongScheme(t *testing.T) {
	plain, secure := httptest.NewServer(http.HandlerFunc(listener)), httptest.NewTLSServer(http.HandlerFunc(listener))
	defer plain.Close()
	defer secure.Close()
	var untrusted *tls.CertificateVerificationError
	tests := map[string]struct {
		url  string
		want func(error) bool
	}{
		"wss to a plain server": {
			strings.Replace(plain.URL, "http:", "wss:", 1),
			func(err error) bool { return errors.Is(err, client.ErrTLSMissing) },
		},
		"ws to a TLS server": {
			strings.Replace(secure.URL, "https:", "ws:", 1),
			func(err error) bool { return errors.Is(err, client.ErrTLSNeeded) },
		},
		"untrusted": {secure.URL, func(err error) bool { return errors.As(err, &untrusted) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := client.Dial(t.Context(), client.Config{URL: tt.url}); !tt.want(err) {
				t.Errorf("Dial() = %v", err)
			}
		})
	}
}

// What answers to a handshake without TLS tells whether TLS is missing, or WebSocket.
func TestWhatAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		want   error
	}{
		"an alert":          {"\x15\x03\x01\x00\x02\x02\x46", client.ErrTLSNeeded},
		"nginx":             {"HTTP/1.1 400 Bad Request\r\n\r\n<center>The plain HTTP request was sent to HTTPS port</center>", client.ErrTLSNeeded},
		"Apache":            {"HTTP/1.1 400 Bad Request\r\n\r\nyou're speaking plain HTTP to an SSL-enabled server port.<br>", client.ErrTLSNeeded},
		"a redirect to TLS": {"HTTP/1.1 301 Moved Permanently\r\nLocation: https://example.com/\r\n\r\n", client.ErrTLSNeeded},
		"Recado":            {"HTTP/1.1 426 Upgrade Required\r\n\r\n{\"error\":{\"code\":\"tls_needed\"}}", client.ErrTLSNeeded},
		"HTTP/1.0":          {"HTTP/1.0 404 File not found\r\nServer: SimpleHTTP/0.6\r\n\r\n", client.ErrNotWebSocket},
		"HTTP/1.0 with 426": {"HTTP/1.0 426 Upgrade Required\r\n\r\n", client.ErrNotWebSocket},
		"a page":            {"HTTP/1.1 200 OK\r\n\r\n<html>", client.ErrNotWebSocket},
		"no HTTP":           {"220 mail.example.com ESMTP\r\n", client.ErrNotWebSocket},
		"nothing":           {"", client.ErrNotWebSocket},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			defer far.Close()
			go func() {
				http.ReadRequest(bufio.NewReader(far))
				far.Write([]byte(tt.answer))
				far.Close()
			}()
			_, err := client.Dial(t.Context(), client.Config{
				URL:  "ws://localhost/",
				Dial: func(context.Context, string, string) (net.Conn, error) { return near, nil },
			})
			if !errors.Is(err, tt.want) {
				t.Errorf("Dial() = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = client.Dial(t.Context(), client.Config{URL: "ws://" + l.Addr().String()})
	var operation *net.OpError
	if !errors.As(err, &operation) || operation.Op != "dial" {
		t.Errorf("Dial() = %v, want that dialling went wrong", err)
	}
}
