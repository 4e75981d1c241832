// Package certificate has what a TLS listener shows: a certificate from files, which is read again when they change,
// or certificates that an authority gives through ACME. It knows nothing of listeners, nor of what is served.
package certificate

import (
	"crypto/x509"
	"strings"
)

// name is the host under which the certificate can be reached: that host if the certificate is for it, else the first
// name that it is for.
func name(leaf *x509.Certificate, host string) string {
	if leaf.VerifyHostname(host) == nil {
		return host
	}
	for _, own := range leaf.DNSNames {
		if !strings.HasPrefix(own, "*.") {
			return own
		}
	}
	for _, ip := range leaf.IPAddresses {
		return ip.String()
	}
	return host // it will not be trusted, but it is where the server is
}
