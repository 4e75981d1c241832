package client

import (
	"fmt"
	"net/url"
)

// parseURL checks a room's address and gives it the scheme ws or wss.
func parseURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err) // which names the address
	}
	switch u.Scheme {
	case "ws", "http":
		u.Scheme = "ws"
	case "wss", "https":
		u.Scheme = "wss"
	default:
		return nil, fmt.Errorf("%w: %q: the scheme must be ws, wss, http or https", ErrURL, address)
	}
	switch {
	case u.Hostname() == "":
		return nil, fmt.Errorf("%w: %q: the host is missing", ErrURL, address)
	case u.User != nil: // it would be sent in the clear, and logged
		return nil, fmt.Errorf("%w: user information is not accepted in it", ErrURL)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}
