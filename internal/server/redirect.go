package server

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"recado"
)

// unencrypted answers what came in plain HTTP although the server speaks TLS. People are sent to the same place with
// TLS; what would have said or joined something is refused, because it would only work by accident, and openly.
func (s *Server) unencrypted(w http.ResponseWriter, r *http.Request) error {
	switch {
	case s.config.TLS.Challenge != nil && s.config.TLS.Challenge(w, r):
		return nil
	case r.URL.Path == "/healthz" || r.URL.Path == "/readyz":
		s.routes.ServeHTTP(w, r) // who asks, such as a container's health check, knows no certificate
		return nil
	case wantsWebSocket(r):
		return tlsNeeded("ws", r)
	case !readOnly(r) || r.Host == "":
		return tlsNeeded("http", r)
	}
	target := "https://" + s.encryptedHost(r) + r.URL.RequestURI()
	body := target + "\n"
	header := w.Header()
	header.Set("Location", target)
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusPermanentRedirect)
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, body) // the client has left; there is nobody to tell
	}
	return nil
}

// tlsNeeded is the refusal of a request that named the scheme.
func tlsNeeded(scheme string, r *http.Request) error {
	return &recado.Refusal{
		Code: "tls_needed", Status: http.StatusUpgradeRequired,
		Facts:  map[string]string{"Address": scheme + "://" + r.Host + r.URL.EscapedPath()},
		Header: map[string]string{"Upgrade": "TLS/1.2, HTTP/1.1", "Connection": "Upgrade, close"}, // RFC 2817, section 4.2
	}
}

// encryptedHost is the Host of the request with the port at which the server speaks TLS.
func (s *Server) encryptedHost(r *http.Request) string {
	if _, there := r.Context().Value(tlsKey{}).(*tlsConn); there {
		return r.Host
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil { // it has none
		host, port = strings.Trim(r.Host, "[]"), "80"
	}
	here, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if here == nil || portOfAddress(here) != port || s.securePort == "443" {
		// Either it is the port that needs no mention, or something maps our ports, so to the well-known ones.
		return strings.TrimSuffix(net.JoinHostPort(host, "443"), ":443")
	}
	return net.JoinHostPort(host, s.securePort)
}
