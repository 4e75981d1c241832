package transport

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// notSentLowat is how much a connection's kernel buffer takes beyond what is on its way, in bytes; without it
// a reader that never reads makes the kernel keep megabytes.
const notSentLowat = 128 << 10

// prepareDirect sets a socket up for direct writes and reports whether it can have them.
func prepareDirect(raw syscall.RawConn) bool {
	err := raw.Control(func(fd uintptr) {
		// An old kernel without the option only buffers more.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLowat)
	})
	return err == nil
}

// sendNow writes what the kernel takes at once; n is 0 and err nil if that is nothing. The system call does not
// tell the scheduler: it never waits.
func sendNow(fd uintptr, p []byte) (n int, err error) {
	n, _, err = transfer(unix.SYS_SENDTO, fd, p, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	return n, err
}

// receiveNow reads what has come, or with peek looks at it; again says that nothing has. It uses little stack.
func receiveNow(fd uintptr, p []byte, peek bool) (n int, again bool, err error) {
	flags := uintptr(unix.MSG_DONTWAIT)
	if peek {
		flags |= unix.MSG_PEEK
	}
	return transfer(unix.SYS_RECVFROM, fd, p, flags)
}

func transfer(call, fd uintptr, p []byte, flags uintptr) (n int, again bool, err error) {
	for {
		r, _, errno := unix.RawSyscall6(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
		switch errno {
		case 0:
			return int(r), false, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, true, nil
		default:
			return 0, false, errno
		}
	}
}
