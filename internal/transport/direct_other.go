//go:build !unix

package transport

import (
	"errors"
	"syscall"
)

// prepareDirect reports that this system has no direct writes: everything takes the backlog's way.
func prepareDirect(syscall.RawConn) bool { return false }

func sendNow(uintptr, []byte) (int, error) { return 0, errors.ErrUnsupported }
