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

// receiveNow reads what has come; later says that nothing has.
func receiveNow(fd uintptr, p []byte) (n int, later bool, err error) {
	return transfer(unix.SYS_RECVFROM, fd, p, unix.MSG_DONTWAIT)
}

// readyNow returns how many of the descriptors that an epoll instance watches are ready; less than 0 is an error.
func readyNow(epoll uintptr, events []unix.EpollEvent) int {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, epoll, uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
		switch errno {
		case 0:
			return int(n)
		case unix.EINTR:
		default:
			return -1
		}
	}
}

func transfer(call, fd uintptr, p []byte, flags uintptr) (n int, later bool, err error) {
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
