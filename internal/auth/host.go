package auth

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"recado"
)

// Host defends against DNS rebinding: a page on a name of its attacker's that suddenly resolves to this
// server's address passes as the same site, but it cannot choose what the browser sends as Host. Only an
// address, "localhost", this machine's own names and the configured ones are let in. A request without a
// Host comes from no browser.
func (g *Gate) Host(r *http.Request) error {
	name := hostname(r.Host)
	if r.Host == "" || name == "localhost" || g.hosts[name] || address(name).IsValid() || g.isNamed(name) {
		return nil
	}
	return &recado.Refusal{
		Code:   "host_refused",
		Status: http.StatusMisdirectedRequest,
		Facts:  map[string]string{"Host": r.Host, "Name": name},
	}
}

func (g *Gate) isNamed(name string) bool {
	return slices.ContainsFunc(g.names(), func(own string) bool { return hostname(own) == name })
}

// hostname returns the host of "host", "host:port", "[v6]" or "[v6]:port" as it is compared: in lower case,
// without brackets, zone and the final dot, an IPv4 address in its plain form.
func hostname(hostport string) string {
	name := hostport
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		name = host
	}
	if inner, found := strings.CutPrefix(name, "["); found {
		name = strings.TrimSuffix(inner, "]")
	}
	if addr, err := netip.ParseAddr(name); err == nil {
		return addr.Unmap().WithZone("").String()
	}
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// address is the address that name, as hostname returned it, is; else the zero Addr.
func address(name string) netip.Addr {
	addr, err := netip.ParseAddr(name)
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// loopbackName reports whether name, as hostname returned it, always means the machine itself.
func loopbackName(name string) bool {
	return name == "localhost" || address(name).IsLoopback()
}
