package auth_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"recado/internal/auth"
)

func TestClient(t *testing.T) {
	gate := newGate(t, auth.Config{TrustedProxies: []string{"127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"}})
	for name, tt := range map[string]struct{ peer, headers, want string }{
		"no proxy":                   {"192.0.2.1:5", "", "192.0.2.1:5"},
		"a stranger's word":          {"192.0.2.1:5", "X-Forwarded-For: 198.51.100.7", "192.0.2.1:5"},
		"a proxy's":                  {"10.1.2.3:5", "X-Forwarded-For: 198.51.100.7", "198.51.100.7"},
		"on this machine":            {"127.0.0.1:5", "X-Forwarded-For: 198.51.100.7", "198.51.100.7"},
		"as IPv6 writes IPv4":        {"[::ffff:10.1.2.3]:5", "X-Forwarded-For: ::ffff:198.51.100.7", "198.51.100.7"},
		"an invented hop before":     {"10.1.2.3:5", "X-Forwarded-For: 127.0.0.1, 198.51.100.7", "198.51.100.7"},
		"in a line of its own":       {"10.1.2.3:5", "X-Forwarded-For: 127.0.0.1|X-Forwarded-For: 198.51.100.7", "198.51.100.7"},
		"two proxies":                {"10.1.2.3:5", "X-Forwarded-For: 192.0.2.9, 198.51.100.7,10.9.9.9", "198.51.100.7"},
		"proxies only":               {"10.1.2.3:5", "X-Forwarded-For: 10.0.0.1, 10.0.0.2", "10.0.0.1"},
		"a proxy that says nothing":  {"10.1.2.3:5", "", "10.1.2.3:5"},
		"with a port":                {"10.1.2.3:5", "X-Forwarded-For: 198.51.100.7:4711", "198.51.100.7"},
		"IPv6 with a port":           {"10.1.2.3:5", "X-Forwarded-For: [2001:db8::7]:4711", "2001:db8::7"},
		"unknown":                    {"10.1.2.3:5", "X-Forwarded-For: 192.0.2.9, unknown", "10.1.2.3:5"},
		"unknown behind a proxy":     {"10.1.2.3:5", "X-Forwarded-For: unknown, 10.0.0.2", "10.0.0.2"},
		"nothing":                    {"10.1.2.3:5", "X-Forwarded-For: ", "10.1.2.3:5"},
		"as the standard says":       {"10.1.2.3:5", `Forwarded: for=192.0.2.9, proto=https;For="[2001:db8::7]:4711"`, "2001:db8::7"},
		"the standard's hidden one":  {"10.1.2.3:5", "Forwarded: for=192.0.2.9, for=_hidden", "10.1.2.3:5"},
		"both, the same":             {"10.1.2.3:5", "X-Forwarded-For: 192.0.2.9|Forwarded: for=192.0.2.9", "192.0.2.9"},
		"both, one of them invented": {"10.1.2.3:5", "X-Forwarded-For: 192.0.2.9|Forwarded: for=198.51.100.7", "10.1.2.3:5"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
			r.RemoteAddr, r.Host = tt.peer, "localhost"
			for line := range strings.SplitSeq(tt.headers, "|") {
				if key, value, found := strings.Cut(line, ": "); found {
					r.Header.Add(key, value)
				}
			}
			client := gate.Client(r)
			if client.RemoteAddr != tt.want || r.RemoteAddr != tt.peer {
				t.Errorf("the client is %s, want %s; the request now %s", client.RemoteAddr, tt.want, r.RemoteAddr)
			}
			if tt.headers != "" && auth.Loopback(client) {
				t.Error("it counts as a client on this machine")
			}
		})
	}
}

func TestTrustedProxies(t *testing.T) {
	for _, wrong := range []string{"", "proxy.example", "10.0.0.0/33", "10.0.0.1:80", "[::1]:80", "10.0.0.0/8,"} {
		if _, err := auth.New(auth.Config{TrustedProxies: []string{wrong}}); err == nil {
			t.Errorf("New takes %q for a proxy", wrong)
		}
	}
}
