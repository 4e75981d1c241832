package auth

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Address is the address in "host:port", or in an address alone, as addresses are compared: an IPv4 address in its
// plain form, without a zone. It is the zero Addr if there is none.
func Address(hostport string) netip.Addr {
	if both, err := netip.ParseAddrPort(hostport); err == nil {
		return both.Addr().Unmap().WithZone("")
	}
	return address(hostname(hostport))
}

// parseProxies reads addresses and networks, such as 10.0.0.0/8.
func parseProxies(entries []string) (proxies []netip.Prefix, err error) {
	for _, entry := range entries {
		network, err := netip.ParsePrefix(entry)
		if addr, one := netip.ParseAddr(entry); one == nil {
			network, err = addr.Unmap().Prefix(addr.Unmap().BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("%q is not an address or a network like 10.0.0.0/8", entry)
		}
		proxies = append(proxies, network.Masked())
	}
	return proxies, nil
}

// Trusts reports whether the address is that of a proxy that may say who its clients are.
func (g *Gate) Trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(g.proxies, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// Client returns the request as it came from the client: behind proxies that are trusted, RemoteAddr is the last
// address that none of them has. What came before that is what the client says of itself.
func (g *Gate) Client(r *http.Request) *http.Request {
	peer := Address(r.RemoteAddr)
	if !g.Trusts(peer) {
		return r
	}
	client := peer
	for _, hop := range slices.Backward(hops(r.Header)) {
		if !hop.IsValid() {
			break // unknown, or hidden: the last proxy that we know stands for it
		}
		if client = hop; !g.Trusts(hop) {
			break
		}
	}
	if client == peer {
		return r
	}
	r = r.WithContext(r.Context()) // a copy
	r.RemoteAddr = client.String()
	return r
}

// hops are the addresses that the proxies have noted, the nearest last; an unreadable one is the zero Addr. A proxy
// passes on the header that it does not write itself: if both are there and differ, one of them is the client's, and
// there is no telling which.
func hops(h http.Header) []netip.Addr {
	usual, standard := list(h.Values("X-Forwarded-For")), forwardedFor(h.Values("Forwarded"))
	switch {
	case len(standard) == 0 || slices.Equal(usual, standard):
		return usual
	case len(usual) == 0:
		return standard
	}
	return nil
}

// list reads the lines of X-Forwarded-For.
func list(lines []string) (addrs []netip.Addr) {
	for _, line := range lines {
		for hop := range strings.SplitSeq(line, ",") {
			addrs = append(addrs, Address(strings.TrimSpace(hop)))
		}
	}
	return addrs
}

// forwardedFor reads the lines of Forwarded (RFC 7239).
func forwardedFor(lines []string) (addrs []netip.Addr) {
	for _, line := range lines {
		for hop := range strings.SplitSeq(line, ",") {
			addr := netip.Addr{}
			for pair := range strings.SplitSeq(hop, ";") {
				if key, value, _ := strings.Cut(strings.TrimSpace(pair), "="); strings.EqualFold(key, "for") {
					addr = Address(strings.Trim(value, `"`))
				}
			}
			addrs = append(addrs, addr)
		}
	}
	return addrs
}
