package auth

import (
	"net/http"
	"net/netip"
	"strings"
)

// Loopback reports whether the client is a program on this machine that speaks for itself: both ends of
// the connection are this machine's, and no header tells of a proxy, which would make a stranger look so.
func Loopback(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() || !loopbackName(hostname(r.Host)) {
		return false
	}
	for key := range r.Header {
		if key == "Forwarded" || key == "Via" || strings.HasPrefix(key, "X-Forwarded-") {
			return false
		}
	}
	return true
}
