// Package tui is the terminal's side of a chat: line mode, for a person at a terminal, and pipe mode, for
// programs. It knows nothing of flags and exit codes, and of sockets only what package client says.
package tui

import (
	"fmt"

	"recado/client"
	"recado/internal/locale"
)

// A Chat is what both modes need to know.
type Chat struct {
	Client client.Config
	Texts  *locale.Texts
}

// An UnreachableError ends a chat in pipe mode whose very first attempt to connect was in vain.
type UnreachableError struct {
	Err error
}

// Error is that of the attempt.
func (e *UnreachableError) Error() string { return fmt.Sprintf("first attempt to connect: %v", e.Err) }

// Unwrap returns the error of the attempt.
func (e *UnreachableError) Unwrap() error { return e.Err }
