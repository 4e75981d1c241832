package recado

import (
	"errors"
	"strings"
)

// ErrSession says what a session's secret looks like.
var ErrSession = errors.New("a session is 22 to 128 characters of A-Z a-z 0-9 - _ . ~, of which at least 128 bits are random")

// CheckSession reports whether secret can be a session's. How random it is cannot be seen.
func CheckSession(secret string) error {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
	if len(secret) < 22 || len(secret) > 128 || strings.Trim(secret, allowed) != "" {
		return ErrSession
	}
	return nil
}

// CheckMessageID reports why id cannot be a sender's own for a message: 1 to 64 visible ASCII characters.
func CheckMessageID(id string) error {
	if id == "" || len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r < '!' || r > '~' }) {
		return errors.New("a message's id is 1 to 64 visible ASCII characters")
	}
	return nil
}
