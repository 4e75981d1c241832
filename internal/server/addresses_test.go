package server_test

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"recado"
	"recado/internal/auth"
	"recado/internal/server"
)

// A remote listener is one whose clients seem to come from that address.
type remoteListener struct {
	net.Listener

	from string
}

type remoteConn struct {
	net.Conn

	from net.Addr
}

func (c remoteConn) RemoteAddr() net.Addr { return c.from }

func (l remoteListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	port := conn.RemoteAddr().(*net.TCPAddr).Port
	return remoteConn{conn, &net.TCPAddr{IP: net.ParseIP(l.from), Port: port}}, nil
}

// reachedFrom starts a server that is reached from these addresses, at the listeners that are returned.
func reachedFrom(t *testing.T, change func(*server.Config), from ...string) (*running, []string) {
	t.Helper()
	var at []string
	s := start(t, func(c *server.Config) {
		for _, address := range from {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			c.Sockets.Listen = append(c.Sockets.Listen, remoteListener{l, address})
			at = append(at, l.Addr().String())
		}
		change(c)
	})
	return s, at
}

const joining = "GET /ops HTTP/1.1\r\nHost: localhost\r\n" + handshake

func TestConnectionsPerAddress(t *testing.T) {
	seen := new(witness)
	s, at := reachedFrom(t, func(c *server.Config) { c.Limits.ConnectionsPerIP, c.Observer = 3, seen },
		"192.0.2.7", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
	clients := []*client{join(t, at[0], "/ops"), join(t, at[0], "/ops")}
	silent := dial(t, at[0], "") // counts too
	var refused answer
	eventually(t, "a full address", func() bool {
		refused = exchange(t, at[0], joining+"\r\n")
		return refused.StatusCode != http.StatusSwitchingProtocols
	})
	if wantRefused(t, refused, "too_many_from_address"); refused.Header.Get("Retry-After") == "" || !refused.Close {
		t.Errorf("header %v, want Retry-After and the connection closed", refused.Header)
	}
	for range 20 { // more than are told
		dial(t, at[0], "")
	}
	s.log.wait(t, "connections dropped without an answer", "address=192.0.2.7")
	seen.wait(t, "dropped")
	join(t, at[1], "/ops")
	join(t, at[2], "/ops")
	join(t, at[1], "/ops")
	if wantRefused(t, exchange(t, at[2], joining+"\r\n"), "too_many_from_address"); t.Failed() {
		t.Error("two addresses of one network of IPv6 count as two")
	}
	join(t, at[3], "/ops") // it is of another network
	clients[0].conn.Close()
	eventually(t, "a place", func() bool {
		line, _ := bufio.NewReader(dial(t, at[0], joining+"\r\n")).ReadString('\n') // it may be dropped
		return strings.HasPrefix(line, "HTTP/1.1 101 ")
	})
	silent.Close()
}

func TestConnectRate(t *testing.T) {
	_, at := reachedFrom(t, func(c *server.Config) { c.Limits.ConnectRate, c.Limits.ConnectBurst = 1, 4 }, "192.0.2.7", "192.0.2.8")
	page := "GET /ops HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
	for i := range 4 {
		if a := exchange(t, at[0], page); a.StatusCode != http.StatusOK {
			t.Fatalf("connection %d: status %d", i+1, a.StatusCode)
		}
	}
	a := exchange(t, at[0], page)
	if wantRefused(t, a, "connect_rate_limited"); a.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q, want 1", a.Header.Get("Retry-After"))
	}
	if a := exchange(t, at[1], page); a.StatusCode != http.StatusOK {
		t.Errorf("another address: status %d", a.StatusCode)
	}
}

func TestLoopbackClientsAreNotLimited(t *testing.T) {
	s := start(t, func(c *server.Config) {
		c.Limits.ConnectionsPerIP, c.Limits.ConnectRate, c.Limits.ConnectBurst = 1, 1, 1
	})
	for range 5 {
		join(t, s.at.Listen, "/ops")
	}
	// A proxy that is not named is no client on this machine, and all that comes through it is one address.
	if a := exchange(t, s.at.Listen, joining+"X-Forwarded-For: 192.0.2.7\r\n\r\n"); a.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("through a proxy: status %d", a.StatusCode)
	}
	s.log.wait(t, "client connected", "clients=6", "address=127.0.0.1:")
	wantRefused(t, exchange(t, s.at.Listen, joining+"X-Forwarded-For: 192.0.2.8\r\n\r\n"), "too_many_from_address")
}

// Behind a proxy that is trusted, what counts are its clients, and the log has their addresses.
func TestTrustedProxy(t *testing.T) {
	s := start(t, func(c *server.Config) { c.Limits.ConnectionsPerIP, c.TrustedProxies = 1, []string{"127.0.0.1"} })
	through := func(client, rest string) string {
		return joining + "X-Forwarded-For: 1.2.3.4, " + client + "\r\n" + rest + "\r\n"
	}
	first := dial(t, s.at.Listen, through("192.0.2.7", ""))
	s.log.wait(t, "client connected", "address=192.0.2.7 ")
	wantRefused(t, exchange(t, s.at.Listen, through("192.0.2.7", "")), "too_many_from_address")
	s.log.wait(t, "request refused", "address=192.0.2.7 ", "code=too_many_from_address")
	events := strings.Replace(through("192.0.2.7", ""), handshake, "Accept: text/event-stream\r\n", 1)
	wantRefused(t, exchange(t, s.at.Listen, events), "too_many_from_address")
	talk(t, s.at.Listen, "X-Forwarded-For: 192.0.2.8\r\n").say(t, `{"type":"hello"}`)
	s.log.wait(t, "client introduced", "address=192.0.2.8 ")
	first.Close()
	eventually(t, "a place", func() bool {
		return exchange(t, s.at.Listen, through("192.0.2.7", "")).StatusCode == http.StatusSwitchingProtocols
	})
	join(t, s.at.Listen, "/ops") // what the proxy says for itself, it says on this machine
}

// Behind such a proxy, whose connections all of them share, each client has a rate of its own to publish at.
func TestPublishRateBehindProxy(t *testing.T) {
	s := start(t, func(c *server.Config) {
		c.Limits.MessageRate, c.Limits.MessageBurst, c.TrustedProxies = 1, 2, []string{"127.0.0.1"}
	})
	proxy := []net.Conn{dial(t, s.at.Listen, ""), dial(t, s.at.Listen, "")}
	publish := func(i int, client string) answer {
		t.Helper()
		return exchangeOn(t, proxy[i%2], "POST /ops HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: "+client+"\r\nContent-Length: 2\r\n\r\noi")
	}
	for i := range 2 {
		for _, client := range []string{"192.0.2.7", "192.0.2.8", ""} {
			if a := publish(i, client); a.StatusCode != http.StatusOK {
				t.Fatalf("message %d from %q: %+v", i+1, client, a)
			}
		}
	}
	if a := publish(0, "192.0.2.7"); a.Header.Get("Retry-After") != "1" {
		t.Errorf("header %v, want Retry-After", a.Header)
	} else {
		wantRefused(t, a, "rate_limited")
	}
	wantRefused(t, publish(1, "192.0.2.7"), "rate_limited")
}

// A handshake that is refused for another reason gives its place back.
func TestRefusedHandshakeGivesItsPlaceBack(t *testing.T) {
	s := start(t, func(c *server.Config) { c.Limits.ConnectionsPerIP, c.TrustedProxies = 1, []string{"127.0.0.1"} })
	from := "X-Forwarded-For: 192.0.2.7\r\n\r\n"
	bad := strings.Replace(joining, "Version: 13", "Version: 12", 1)
	for range 3 {
		wantRefused(t, exchange(t, s.at.Listen, bad+from), "websocket_version")
	}
	if a := exchange(t, s.at.Listen, joining+from); a.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("status %d %s", a.StatusCode, a.Body)
	}
}

// Who guesses has to wait, and does not learn whether the last guess was right; others do not notice.
func TestGuesses(t *testing.T) {
	tokens, err := auth.NewTokens(auth.TokensConfig{Password: "S3CRET-password", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer tokens.Close()
	s := start(t, func(c *server.Config) {
		c.Authenticator, c.Limits.AuthFailures, c.TrustedProxies = tokens, 3, []string{"127.0.0.1"}
	})
	try := func(from, password string) answer {
		t.Helper()
		return exchange(t, s.at.Listen, "GET /v1/info HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: "+from+"\r\nAuthorization: Bearer "+password+"\r\n\r\n")
	}
	expired, err := auth.Issue(secret, auth.Grant{Lasts: -time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		wantRefused(t, try("192.0.2.7", expired), recado.AuthExpired)
		if a := try("192.0.2.7", "S3CRET-password"); a.StatusCode != http.StatusOK {
			t.Fatal(a)
		}
	}
	c := talk(t, s.at.Listen, "X-Forwarded-For: 192.0.2.7\r\n")
	c.say(t, `{"type":"hello","token":"S3CRET-password"}`)
	c.wantFrameWith(t, `"type":"welcome"`)
	for _, guess := range []string{"", "auth", "hello"} {
		switch guess {
		case "":
			wantRefused(t, try("192.0.2.7", "guess"), recado.AuthInvalid)
		case "auth":
			c.say(t, `{"type":"auth","token":"guess"}`)
			c.wantFrameWith(t, `"code":"auth_invalid"`)
		case "hello":
			other := talk(t, s.at.Listen, "X-Forwarded-For: 192.0.2.7\r\n")
			other.say(t, `{"type":"hello","token":"guess"}`)
			other.wantClose(t, recado.CloseToken)
		}
	}
	for _, guess := range []string{"guess", "S3CRET-password"} {
		a := try("192.0.2.7", guess)
		if wantRefused(t, a, recado.AuthLimited); a.Header.Get("Retry-After") == "" {
			t.Errorf("header %v, want Retry-After", a.Header)
		}
		other := talk(t, s.at.Listen, "X-Forwarded-For: 192.0.2.7\r\n")
		other.say(t, `{"type":"hello","token":"`+guess+`"}`)
		other.wantClose(t, recado.CloseOverloaded)
		c.say(t, `{"type":"auth","token":"`+guess+`"}`)
		c.wantFrameWith(t, `"code":"auth_rate_limited"`, `"retry_after_ms":`)
	}
	if a := try("192.0.2.8", "S3CRET-password"); a.StatusCode != http.StatusOK {
		t.Errorf("another address: %+v", a)
	}
}
