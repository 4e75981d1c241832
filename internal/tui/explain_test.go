package tui_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"recado"
	"recado/client"
	"recado/internal/locale"
	"recado/internal/tui"
)

// Every error of a connection has texts, in both languages, with nothing left open, and nothing raw in them.
func TestProblem(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	untrusted := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	tests := map[string]struct {
		err error
		id  string
		tls bool
	}{
		"refused":         {fmt.Errorf("attempt: %w", dial), "no_server", false},
		"unknown host":    {&net.OpError{Op: "dial", Err: &net.DNSError{Name: "x", IsNotFound: true}}, "host_unknown", false},
		"reset":           {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "connection_broken", false},
		"cut":             {io.ErrUnexpectedEOF, "connection_broken", false},
		"timeout":         {context.DeadlineExceeded, "server_silent", false},
		"dial timeout":    {&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, "server_silent", false},
		"hostile cause":   {errors.New("HTTP/1.1 \x1b]0;x\x07\r"), "connection_failed", false},
		"no TLS":          {fmt.Errorf("%w: %w", client.ErrTLSMissing, tls.RecordHeaderError{}), "tls_missing", true},
		"TLS":             {client.ErrTLSNeeded, "tls_needed", true},
		"certificate":     {untrusted, "cert_untrusted", true},
		"wrong name":      {x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}, "cert_untrusted", true},
		"not WebSocket":   {client.ErrNotWebSocket, "not_websocket", false},
		"silent":          {client.ErrSilent, "server_silent", false},
		"restart":         {&client.CloseError{Code: recado.CloseRestart}, "server_stopped", false},
		"going away":      {&client.CloseError{Code: recado.CloseGoingAway}, "server_stopped", false},
		"overloaded":      {&client.CloseError{Code: recado.CloseOverloaded}, "server_overloaded", false},
		"slow":            {&client.CloseError{Code: recado.CloseSlow}, "slow_reader", false},
		"flood":           {&client.CloseError{Code: recado.CloseFlood}, "flood", false},
		"too big":         {&client.CloseError{Code: recado.CloseTooBig}, "message_too_big_closed", false},
		"another code":    {&client.CloseError{Code: 3999, Reason: "\x1b[2Jbecause\n"}, "closed", false},
		"wrapped by pipe": {&tui.UnreachableError{Err: dial}, "no_server", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			id, facts := tui.Problem(tt.err, "ws://localhost:8765/ops")
			if id != tt.id || tui.IsTLS(tt.err) != tt.tls {
				t.Errorf("Problem(%v) = %q, about TLS: %t, want %q, %t", tt.err, id, tui.IsTLS(tt.err), tt.id, tt.tls)
			}
			for _, l := range []locale.Language{locale.English, locale.Portuguese} {
				for _, text := range []string{"error." + id, "error." + id + ".hint"} {
					got := locale.New(l).Text(text, facts...)
					if got == text || strings.Contains(got, "<no value>") || strings.ContainsAny(got, "\x1b\r\n\a") {
						t.Errorf("the %s text of %s is %q", l, text, got)
					}
				}
			}
		})
	}
}

func TestRefusal(t *testing.T) {
	texts := locale.New(locale.English)
	tests := map[string]struct {
		refused client.RefusedError
		message string
	}{
		"in its words":    {client.RefusedError{Status: 403, Code: "origin_refused", Message: "No\x1b[2J\n", Hint: "Ask"}, "The server refused: No⏎ (origin_refused)"},
		"without a hint":  {client.RefusedError{Status: 403, Code: "x", Message: "No"}, "The server refused: No (x)"},
		"without a word":  {client.RefusedError{Status: 404}, "The server answered with HTTP status 404."},
		"by a close code": {client.RefusedError{Close: 4503, Code: "removed\r"}, "You were removed from this room. (removed␍)"},
		"by another code": {client.RefusedError{Close: 4504, Code: "protocol_misuse"}, "The server ended the connection for good: protocol_misuse (4504)."},
		"no token":        {client.RefusedError{Close: 4500, Code: "auth_required"}, "This room wants to know who you are. (auth_required)"},
		"over HTTP":       {client.RefusedError{Status: 401, Code: "auth_expired", Message: "x"}, "Your access is invalid or has expired. (auth_expired)"},
		"not in the room": {client.RefusedError{Close: 4502, Code: "room_forbidden"}, "You may not enter this room. (room_forbidden)"},
		"no such name":    {client.RefusedError{Code: "name_invalid", Message: "x"}, "The server does not take this name. (name_invalid)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			message, hint := tui.Refusal(&tt.refused, texts)
			if message != tt.message || hint == "" {
				t.Errorf("Refusal(%+v) = %q, %q, want %q and a hint", tt.refused, message, hint, tt.message)
			}
		})
	}
}
