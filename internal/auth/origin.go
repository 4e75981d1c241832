package auth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"recado"
)

// Origin defends against other sites' pages that use a visitor's browser to reach this server. It is the
// one rule for WebSocket upgrades and for every HTTP method. Let in are: requests without an Origin (they
// come from no browser), pages of the same host name, pages of this machine where the request is for this
// machine too, whatever their ports, and the configured origins. "null" never is: any page can have it.
func (g *Gate) Origin(r *http.Request) error {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return nil
	}
	if len(values) == 1 {
		if origin, name, ok := originOf(values[0]); ok && (g.origins[origin] || g.sameMachine(name, hostname(r.Host))) {
			return nil
		}
	}
	refusal := &recado.Refusal{
		Code:   "origin_refused",
		Status: http.StatusForbidden,
		Facts:  map[string]string{"Origin": strings.Join(values, ", ")},
	}
	if !strings.Contains(refusal.Facts["Origin"], "://") || strings.HasPrefix(refusal.Facts["Origin"], "file:") {
		refusal.Facts["Case"] = "null" // the text about pages that have no origin of their own
	}
	return refusal
}

// sameMachine compares the host names of a page and of its request.
func (g *Gate) sameMachine(page, target string) bool {
	if page == target || loopbackName(page) && loopbackName(target) {
		return true
	}
	addr := address(page)
	return addr.IsValid() && !addr.IsLoopback() && slices.Contains(g.addresses(), addr)
}

// originOf splits an origin as browsers write it (RFC 6454, section 6.1). The first result is the origin in
// one form, with the default port of its scheme left out; name is its host as hostname writes it.
func originOf(value string) (origin, name string, ok bool) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Path != "" || strings.ContainsAny(value, "?#") {
		return "", "", false
	}
	name = hostname(u.Host)
	if name == "" || strings.ContainsAny(name, "*,") {
		return "", "", false
	}
	port := u.Port()
	if u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		port = ""
	}
	return u.Scheme + "://" + name + ":" + port, name, true
}
