// Package tui is the terminal's side of a chat: the full screen and line mode for people, and for programs pipe mode,
// and what other commands share with it. It knows nothing of flags and exit codes, and of sockets only what package
// client says.
package tui

import (
	"fmt"

	"recado/client"
	"recado/internal/locale"
)

// A Chat is what every mode needs to know.
type Chat struct {
	Client client.Config
	Texts  *locale.Texts

	// What only people need. Find makes an address of what they call a room, in one whose address is current, and takes
	// the token out of it. Code is a QR code of a text, in rows.
	Find func(current, given string) (address, token string, err error)
	Code func(text string) string
}

// An UnreachableError ends a chat in pipe mode whose very first attempt to connect was in vain.
type UnreachableError struct {
	Err error
}

// Error is that of the attempt.
func (e *UnreachableError) Error() string { return fmt.Sprintf("first attempt to connect: %v", e.Err) }

// Unwrap returns the error of the attempt.
func (e *UnreachableError) Unwrap() error { return e.Err }
