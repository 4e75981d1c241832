package server_test

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"recado/internal/server"
)

// busyPort is a port of 127.0.0.1 that is taken during the test.
func busyPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return port(t, listener.Addr().String())
}

func port(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func wantReachable(t *testing.T, address string) {
	t.Helper()
	const page = "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n"
	if got := exchange(t, address, page); got.StatusCode != http.StatusOK || !strings.Contains(got.Body, "<html") {
		t.Errorf("%s answers with status %d and %q, want the page", address, got.StatusCode, got.Body)
	}
}

func TestListenOnBothLoopbackAddresses(t *testing.T) {
	s := start(t, func(c *server.Config) { c.Listen, c.Web = "localhost:0", "LocalHost:0" })
	for _, at := range []string{s.at.Listen, s.at.Web} {
		if !strings.HasPrefix(at, "localhost:") || strings.HasSuffix(at, ":0") {
			t.Fatalf("listens at %s, want localhost and a port", at)
		}
		wantReachable(t, "127.0.0.1:"+port(t, at))
		if ipv6() {
			wantReachable(t, "[::1]:"+port(t, at))
		}
	}
	if s.at.Listen == s.at.Web {
		t.Errorf("both listen at %s", s.at.Listen)
	}
}

func TestListenOnEveryInterface(t *testing.T) {
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0"} {
		if address == "[::]:0" && !ipv6() {
			continue
		}
		s := start(t, func(c *server.Config) { c.Listen = address })
		if !strings.HasPrefix(s.at.Listen, "localhost:") || s.at.Web != s.at.Listen {
			t.Errorf("Listen at %s: shown as %+v, want localhost and no second address", address, s.at)
		}
		wantReachable(t, s.at.Listen)
	}
}

// LAN replaces localhost, and nothing that was chosen more exactly.
func TestListenOnTheLocalNetwork(t *testing.T) {
	s := start(t, func(c *server.Config) { c.LAN, c.Listen, c.Web = true, "localhost:0", "127.0.0.1:0" })
	wantReachable(t, "127.0.0.1:"+port(t, s.at.Listen))
	if !strings.HasPrefix(s.at.Listen, "localhost:") || !strings.HasPrefix(s.at.Web, "127.0.0.1:") {
		t.Errorf("shown as %+v, want localhost and 127.0.0.1", s.at)
	}
	if probe, err := net.Listen("tcp4", "0.0.0.0:"+port(t, s.at.Listen)); err == nil {
		probe.Close()
		t.Error("the port is free on every interface, want it taken")
	}
}

func TestOneAddressForBoth(t *testing.T) {
	free := busyPort(t)
	for _, web := range []string{"127.0.0.1:" + free, ""} {
		s, _ := newServer(t, func(c *server.Config) { c.Listen, c.Web = "127.0.0.1:"+free, web })
		if _, err := s.Listen(t.Context()); err == nil || !strings.Contains(err.Error(), "--listen") {
			t.Errorf("Listen on a busy port = %v, want an error of --listen", err)
		}
	}
	s := start(t, nil)
	other, _ := newServer(t, func(c *server.Config) { c.Listen, c.Web = s.at.Listen, s.at.Listen })
	if err := s.Stop(t.Context(), 1001); err != nil {
		t.Fatal(err)
	}
	at, err := other.Listen(t.Context())
	if err != nil || at.Web != at.Listen {
		t.Fatalf("Listen at the same address twice = %+v, %v", at, err)
	}
	go other.Serve()
	wantReachable(t, at.Listen)
}

func TestBusyPort(t *testing.T) {
	busy := busyPort(t)
	tests := map[string]struct {
		change func(*server.Config)
		code   string // of the error; "" for none
		flag   string
	}{
		"listen":               {func(c *server.Config) { c.Listen = "127.0.0.1:" + busy }, "address_in_use", "--listen"},
		"listen on localhost":  {func(c *server.Config) { c.Listen = "localhost:" + busy }, "address_in_use", "--listen"},
		"web":                  {func(c *server.Config) { c.Web = "localhost:" + busy }, "address_in_use", "--web"},
		"web that can be left": {func(c *server.Config) { c.Web, c.WebOptional = "localhost:"+busy, true }, "", ""},
		"not an address":       {func(c *server.Config) { c.Listen = "8765" }, "address_invalid", "--listen"},
		"not of this machine":  {func(c *server.Config) { c.Listen = "240.0.0.1:0" }, "bind_failed", "--listen"},
		"wrong web that can be left": {
			func(c *server.Config) { c.Web, c.WebOptional = "240.0.0.1:0", true }, "bind_failed", "--web",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer(t, tt.change)
			at, err := s.Listen(t.Context())
			if tt.code == "" {
				if err != nil || at.WebBusy == nil || at.WebBusy.Code != "address_in_use" || at.Web != at.Listen {
					t.Errorf("Listen = %+v, %v, want the page at the first address", at, err)
				}
				return
			}
			wantStartError(t, err, tt.code, tt.flag)
		})
	}
}

func wantStartError(t *testing.T, err error, code, flag string) {
	t.Helper()
	start, is := errors.AsType[*server.StartError](err)
	if !is || start.Code != code || !slices.Contains(start.Facts, any(flag)) {
		t.Fatalf("Listen = %v, want %s of %s", err, code, flag)
	}
}

// The alternative that the hint names must be free.
func TestAlternativeToABusyPort(t *testing.T) {
	busy := busyPort(t)
	s, _ := newServer(t, func(c *server.Config) { c.Listen = "localhost:" + busy })
	_, err := s.Listen(t.Context())
	start, is := errors.AsType[*server.StartError](err)
	if !is {
		t.Fatalf("Listen = %v, want a StartError", err)
	}
	facts := map[any]any{}
	for i := 0; i+1 < len(start.Facts); i += 2 {
		facts[start.Facts[i]] = start.Facts[i+1]
	}
	alternative, _ := facts["Alternative"].(string)
	if number, err := strconv.Atoi(port(t, alternative)); err != nil || strconv.Itoa(number) == busy || !strings.HasPrefix(alternative, "localhost:") {
		t.Errorf("the alternative is %q", alternative)
	}
	again, _ := newServer(t, func(c *server.Config) { c.Listen = alternative })
	if _, err := again.Listen(t.Context()); err != nil {
		t.Errorf("Listen at the alternative = %v", err)
	}
}

// With one loopback address only, a browser that prefers the other would meet the other program.
func TestPortThatIsBusyOnIPv6Only(t *testing.T) {
	if !ipv6() {
		return // there is nothing to mix up
	}
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	busy := port(t, listener.Addr().String())
	s, _ := newServer(t, func(c *server.Config) { c.Listen = "localhost:" + busy })
	_, err = s.Listen(t.Context())
	wantStartError(t, err, "address_in_use", "--listen")
	free, err := net.Listen("tcp4", "127.0.0.1:"+busy)
	if err != nil {
		t.Fatalf("the listener of the other address is still open: %v", err)
	}
	free.Close()
}
