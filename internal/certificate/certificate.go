// Package certificate has what a TLS listener shows: a certificate from files, which is read again when they change,
// or certificates that an authority gives through ACME. It knows nothing of listeners, nor of what is served.
package certificate

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
)

// name is the host under which the certificate can be reached: that host if the certificate is for it, else the first
// name that it is for. One that means this machine everywhere leads others nowhere, so it takes the place of another
// such only.
func name(leaf *x509.Certificate, host string) string {
	if leaf.VerifyHostname(host) == nil {
		return host
	}
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	for _, own := range names {
		if !strings.HasPrefix(own, "*.") && (!isLoopback(own) || isLoopback(host)) {
			return own
		}
	}
	return host // it will not be trusted, but it is where the server is
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}
