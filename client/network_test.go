package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"recado"
	"recado/client"
)

// echo is a WebSocket server that says everything back.
func echo(w http.ResponseWriter, r *http.Request) {
	conn, _, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return
	}
	defer conn.Close()
	for {
		frame, err := ws.ReadFrame(conn) //nolint:staticcheck // the test's own client sends little
		if err != nil {
			return
		}
		frame = ws.UnmaskFrame(frame)
		frame.Header.Masked = false
		if frame.Header.OpCode == ws.OpPing {
			frame.Header.OpCode = ws.OpPong
		}
		if ws.WriteFrame(conn, frame) != nil || frame.Header.OpCode == ws.OpClose {
			return
		}
	}
}

func open(t *testing.T, c client.Config) *client.Client {
	t.Helper()
	opened, err := client.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	want(t, opened, client.State{Phase: client.Connecting})
	return opened
}

func TestOverTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(echo))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c := open(t, client.Config{URL: s.URL, TLS: &tls.Config{RootCAs: roots}, Header: http.Header{"X-Test": {"1"}}})
	want(t, c, client.State{Phase: client.Connected})
	if err := c.Send(t.Context(), recado.Text, []byte("oi")); err != nil {
		t.Fatal(err)
	}
	want(t, c, client.Message{Kind: recado.Text, Data: []byte("oi")})
	if err := c.Finish(t.Context()); err != nil {
		t.Errorf("Finish() = %v", err)
	}
}

func TestWrongScheme(t *testing.T) {
	plain, secure := httptest.NewServer(http.HandlerFunc(echo)), httptest.NewTLSServer(http.HandlerFunc(echo))
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
			c := open(t, client.Config{URL: tt.url, Random: func() float64 { return 0.999 }})
			state, _ := next(t, c).(client.State)
			if state.Phase != client.Reconnecting || !tt.want(state.Err) {
				t.Errorf("the state is %+v", state)
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
	c := open(t, client.Config{URL: "ws://" + l.Addr().String()})
	var operation *net.OpError
	if state, _ := next(t, c).(client.State); !errors.As(state.Err, &operation) || operation.Op != "dial" {
		t.Errorf("the state is %+v, want one that says that dialling went wrong", state)
	}
}
