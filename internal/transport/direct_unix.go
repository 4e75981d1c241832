//go:build unix && !linux

package transport

import (
	"errors"
	"syscall"
)

// prepareDirect sets a socket up for direct writes and reports whether it can have them.
func prepareDirect(syscall.RawConn) bool { return true }

// sendNow writes what the kernel takes at once; n is 0 and err nil if that is nothing. Go's sockets do not block.
func sendNow(fd uintptr, p []byte) (n int, err error) {
	for {
		n, err = syscall.Write(int(fd), p)
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return 0, nil
		default:
			return 0, err
		}
	}
}
