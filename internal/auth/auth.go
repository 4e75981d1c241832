// Package auth decides which requests may come in: from which pages, under which host names, and with which tokens; and
// from whom they are.
// It knows nothing of rooms, routes or WebSocket.
package auth

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"strings"
)

// Config says what is allowed beyond the rules that Gate keeps by itself.
type Config struct {
	AllowOrigins []string // such as "https://app.example.com": scheme, host and port as a browser sends them
	AllowHosts   []string // host names, without a port, that reach this server besides its own
	// TrustedProxies are addresses, or networks like 10.0.0.0/8, of proxies that say for whom they ask.
	TrustedProxies []string
	// Names are further host names of this server, asked for with each request that needs them; nil for none.
	Names func() []string

	Hostname  string              // of this machine; default os.Hostname
	Addresses func() []netip.Addr // of this machine; default: those of its network interfaces, at each call
}

// A Gate answers whether a request may come in. Its methods may be called concurrently.
type Gate struct {
	origins   map[string]bool // normalized by originOf
	hosts     map[string]bool
	names     func() []string
	addresses func() []netip.Addr
	proxies   []netip.Prefix
}

// hostName is what DNS and people call a machine; other alphabets are in punycode, as browsers send them.
var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$`)

// New checks the configuration; the error names the entry that is wrong.
func New(c Config) (*Gate, error) {
	g := &Gate{origins: map[string]bool{}, hosts: map[string]bool{}, names: c.Names, addresses: c.Addresses}
	if g.addresses == nil {
		g.addresses = interfaceAddresses
	}
	if g.names == nil {
		g.names = func() []string { return nil }
	}
	for _, entry := range c.AllowOrigins {
		origin, _, ok := originOf(entry)
		if !ok {
			return nil, fmt.Errorf("%q is not an origin like https://app.example.com", entry)
		}
		g.origins[origin] = true
	}
	for _, entry := range c.AllowHosts {
		name := hostname(entry)
		if !hostName.MatchString(name) || strings.Contains(entry, ":") {
			return nil, fmt.Errorf("%q is not a host name like chat.example.com", entry)
		}
		g.hosts[name] = true
	}
	var err error
	if g.proxies, err = parseProxies(c.TrustedProxies); err != nil {
		return nil, err
	}
	if c.Hostname == "" {
		c.Hostname, _ = os.Hostname() // without a name, the machine is reached by its addresses
	}
	for _, name := range ownNames(c.Hostname) {
		g.hosts[name] = true
	}
	return g, nil
}

// Check returns a *recado.Refusal if the request may not come in. strictHost says that the server is meant
// for this machine or this network only, so that a foreign name in the Host header is a trick of DNS.
func (g *Gate) Check(r *http.Request, strictHost bool) error {
	if strictHost {
		if err := g.Host(r); err != nil {
			return err
		}
	}
	return g.Origin(r)
}

// ownNames are the ways in which a machine with this name is called in its network.
func ownNames(machine string) []string {
	name := hostname(machine)
	if name == "" {
		return nil
	}
	short, _, _ := strings.Cut(name, ".")
	return []string{name, short, short + ".local"}
}

func interfaceAddresses() []netip.Addr {
	networks, err := net.InterfaceAddrs()
	if err != nil {
		return nil // then only what needs no such list is allowed
	}
	var addresses []netip.Addr
	for _, network := range networks {
		if prefix, err := netip.ParsePrefix(network.String()); err == nil {
			addresses = append(addresses, prefix.Addr().Unmap().WithZone(""))
		}
	}
	return addresses
}
