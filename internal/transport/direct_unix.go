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
	n, _, err = transfer(func() (int, error) { return syscall.Write(int(fd), p) })
	return n, err
}

// receiveNow reads what has come; later says that nothing has.
func receiveNow(fd uintptr, p []byte) (n int, later bool, err error) {
	return transfer(func() (int, error) { return syscall.Read(int(fd), p) })
}

func transfer(call func() (int, error)) (n int, later bool, err error) {
	for {
		n, err = call()
		switch {
		case err == nil:
			return n, false, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return 0, true, nil
		default:
			return 0, false, err
		}
	}
}
