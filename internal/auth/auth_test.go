package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"recado"
	"recado/internal/auth"
)

func newGate(t *testing.T, c auth.Config) *auth.Gate {
	t.Helper()
	c.Hostname = "Dev-PC.example.net"
	c.Addresses = func() []netip.Addr {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.168.0.12"), netip.MustParseAddr("fd00::12")}
	}
	gate, err := auth.New(c)
	if err != nil {
		t.Fatalf("New(%+v) = %v", c, err)
	}
	return gate
}

// wantRefusal checks that err is the refusal with this code, or nil if code is empty.
func wantRefusal(t *testing.T, err error, code string, status int) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("refused: %v, want it let in", err)
		}
		return
	}
	var refusal *recado.Refusal
	if !errors.As(err, &refusal) || refusal.Code != code || refusal.Status != status {
		t.Errorf("got %#v, want the refusal %s with status %d", err, code, status)
	}
}

func TestOrigin(t *testing.T) {
	gate := newGate(t, auth.Config{AllowOrigins: []string{"https://app.example.com", "http://dev.example.com:3000", "chrome-extension://abcdef"}})
	tests := map[string]struct {
		host    string
		origins []string
		refused bool
	}{
		"no browser":                      {host: "localhost:8765"},
		"the page's own port":             {host: "localhost:8765", origins: []string{"http://localhost:8765"}},
		"another port":                    {host: "localhost:8765", origins: []string{"http://localhost:8000"}},
		"another name of loopback":        {host: "localhost:8765", origins: []string{"http://127.0.0.1:5500"}},
		"loopback in IPv6":                {host: "127.0.0.1:8765", origins: []string{"http://[::1]:5500"}},
		"loopback over TLS":               {host: "localhost:8765", origins: []string{"https://localhost"}},
		"same host name":                  {host: "chat.example.com", origins: []string{"https://chat.example.com"}},
		"same host name, other case":      {host: "Chat.Example.com", origins: []string{"https://chat.example.com"}},
		"same host name, final dot":       {host: "chat.example.com.", origins: []string{"https://chat.example.com"}},
		"same host name, other port":      {host: "chat.example.com:8765", origins: []string{"http://chat.example.com:8000"}},
		"same address":                    {host: "10.1.2.3:8765", origins: []string{"http://10.1.2.3:8000"}},
		"own address":                     {host: "localhost:8765", origins: []string{"http://192.168.0.12:3000"}},
		"own IPv6 address":                {host: "dev-pc.local:8765", origins: []string{"http://[fd00::12]:3000"}},
		"allowed":                         {host: "localhost:8765", origins: []string{"https://app.example.com"}},
		"allowed, default port":           {host: "localhost:8765", origins: []string{"https://app.example.com:443"}},
		"allowed with its port":           {host: "localhost:8765", origins: []string{"http://dev.example.com:3000"}},
		"allowed extension":               {host: "localhost:8765", origins: []string{"chrome-extension://abcdef"}},
		"allowed, another scheme":         {host: "localhost:8765", origins: []string{"http://app.example.com"}, refused: true},
		"allowed, another port":           {host: "localhost:8765", origins: []string{"https://app.example.com:8443"}, refused: true},
		"evil":                            {host: "localhost:8765", origins: []string{"https://evil.example"}, refused: true},
		"evil with a familiar beginning":  {host: "localhost:8765", origins: []string{"http://localhost.evil.example"}, refused: true},
		"evil with a familiar user":       {host: "localhost:8765", origins: []string{"http://localhost@evil.example"}, refused: true},
		"evil as a subdomain":             {host: "example.com", origins: []string{"https://evil.example.com"}, refused: true},
		"null":                            {host: "localhost:8765", origins: []string{"null"}, refused: true},
		"empty":                           {host: "localhost:8765", origins: []string{""}, refused: true},
		"a file":                          {host: "localhost:8765", origins: []string{"file://"}, refused: true},
		"not an origin":                   {host: "localhost:8765", origins: []string{"http://localhost/path"}, refused: true},
		"two origins":                     {host: "localhost:8765", origins: []string{"http://localhost", "http://localhost"}, refused: true},
		"two origins in one":              {host: "localhost:8765", origins: []string{"http://localhost, http://evil.example"}, refused: true},
		"loopback page, other machine":    {host: "192.168.0.12:8765", origins: []string{"http://localhost:3000"}, refused: true},
		"foreign address":                 {host: "localhost:8765", origins: []string{"http://192.168.0.99"}, refused: true},
		"own machine in an invented name": {host: "localhost:8765", origins: []string{"http://127.0.0.1.nip.example"}, refused: true},
	}
	for name, tt := range tests {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
			t.Run(name+"/"+method, func(t *testing.T) {
				r := httptest.NewRequest(method, "/", nil)
				r.Host = tt.host
				r.Header["Origin"] = tt.origins
				code := ""
				if tt.refused {
					code = "origin_refused"
				}
				wantRefusal(t, gate.Check(r, false), code, http.StatusForbidden)
			})
		}
	}
}

func TestHost(t *testing.T) {
	gate := newGate(t, auth.Config{
		AllowHosts: []string{"chat.example.com", "Other.Example"},
		Names:      func() []string { return []string{"Certified.example", "*.star.example"} },
	})
	tests := map[string]struct {
		host    string
		refused bool
	}{
		"localhost":                {host: "localhost:8765"},
		"localhost, no port":       {host: "localhost"},
		"localhost, upper case":    {host: "LOCALHOST:8765"},
		"localhost, final dot":     {host: "localhost.:8765"},
		"IPv4":                     {host: "127.0.0.1:8765"},
		"IPv4 of the network":      {host: "192.168.0.12:8000"},
		"IPv6":                     {host: "[::1]:8765"},
		"IPv6, no port":            {host: "[fe80::1]"},
		"IPv6 with a zone":         {host: "[fe80::1%25eth0]:80"},
		"machine":                  {host: "dev-pc:8765"},
		"machine, full name":       {host: "dev-pc.example.net:8765"},
		"machine, .local":          {host: "dev-pc.local:8765"},
		"allowed":                  {host: "chat.example.com"},
		"allowed, any port":        {host: "chat.example.com:8443"},
		"allowed, other case":      {host: "other.example"},
		"of the certificate":       {host: "certified.EXAMPLE:8765"},
		"of a star in it":          {host: "a.star.example", refused: true},
		"no Host, so no browser":   {host: ""},
		"foreign":                  {host: "evil.example:8765", refused: true},
		"foreign, familiar":        {host: "localhost.evil.example", refused: true},
		"foreign, below localhost": {host: "evil.localhost", refused: true},
		"foreign, below ours":      {host: "evil.chat.example.com", refused: true},
		"number that is a name":    {host: "2130706433", refused: true},
		"short form of an address": {host: "127.1:8765", refused: true},
		"garbage":                  {host: "a:b:c:8765", refused: true},
		"only a port":              {host: ":8765", refused: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host = tt.host
			code := ""
			if tt.refused {
				code = "host_refused"
			}
			wantRefusal(t, gate.Check(r, true), code, http.StatusMisdirectedRequest)
			wantRefusal(t, gate.Check(r, false), "", 0)
		})
	}
}

func TestNewRefusesWrongEntries(t *testing.T) {
	for _, origin := range []string{"", "null", "*", "app.example.com", "https://", "https://app.example.com/", "https://*.example.com", "https://a@b.example"} {
		if _, err := auth.New(auth.Config{AllowOrigins: []string{origin}}); err == nil {
			t.Errorf("New with the origin %q succeeded, want an error", origin)
		}
	}
	for _, host := range []string{"", "https://chat.example.com", "*.example.com", "a b", "user@host", "\x00", "-1", "a-", "a..", "caf\u00e9.example", "a.example:80"} {
		if _, err := auth.New(auth.Config{AllowHosts: []string{host}}); err == nil {
			t.Errorf("New with the host %q succeeded, want an error", host)
		}
	}
}

func TestNewKnowsThisMachine(t *testing.T) {
	gate, err := auth.New(auth.Config{})
	if err != nil {
		t.Fatalf("New = %v", err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host = "localhost:8765"
	r.Header.Set("Origin", "http://240.0.0.1")
	wantRefusal(t, gate.Check(r, true), "origin_refused", http.StatusForbidden)
}

func TestLoopback(t *testing.T) {
	tests := map[string]struct {
		peer, host, header string
		want               bool
	}{
		"IPv4":              {peer: "127.0.0.1:5000", host: "localhost:8765", want: true},
		"IPv4 in IPv6":      {peer: "[::ffff:127.0.0.1]:5000", host: "127.0.0.1:8765", want: true},
		"IPv6":              {peer: "[::1]:5000", host: "[::1]:8765", want: true},
		"network":           {peer: "192.168.0.9:5000", host: "localhost:8765"},
		"another name":      {peer: "127.0.0.1:5000", host: "chat.example.com"},
		"no name":           {peer: "127.0.0.1:5000"},
		"no address":        {peer: "@", host: "localhost"},
		"X-Forwarded-For":   {peer: "127.0.0.1:5000", host: "localhost", header: "X-Forwarded-For"},
		"X-Forwarded-Other": {peer: "127.0.0.1:5000", host: "localhost", header: "x-forwarded-other"},
		"Forwarded":         {peer: "127.0.0.1:5000", host: "localhost", header: "Forwarded"},
		"Via":               {peer: "127.0.0.1:5000", host: "localhost", header: "Via"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Host = tt.peer, tt.host
			if tt.header != "" {
				r.Header.Set(tt.header, "x")
			}
			if got := auth.Loopback(r); got != tt.want {
				t.Errorf("Loopback(%s, Host %s, %s) = %v, want %v", tt.peer, tt.host, tt.header, got, tt.want)
			}
		})
	}
}

// FuzzCheck looks for a request of another site that gets in.
func FuzzCheck(f *testing.F) {
	f.Add("http://localhost:8000", "localhost:8765")
	f.Add("null", "[::1]")
	f.Add("http://[::1%25lo]:80", "[fe80::1%25eth0]:80")
	f.Add("http://evil.example", "evil.example:1:2")
	gate, err := auth.New(auth.Config{Hostname: "dev-pc", Addresses: func() []netip.Addr { return nil }})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, origin, host string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		if host != "" && gate.Host(r) == nil {
			r.Header.Set("Origin", "https://evil.example")
			if gate.Check(r, true) == nil {
				t.Errorf("a page of evil.example reaches the host %q", host)
			}
		}
		r.Host = "localhost:8765"
		r.Header.Set("Origin", origin)
		if gate.Check(r, true) == nil {
			r.Host = "chat.example"
			if gate.Check(r, false) == nil {
				t.Errorf("the origin %q is let in for localhost and for chat.example", origin)
			}
		}
	})
}
