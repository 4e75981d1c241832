package uring

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Of linux/io_uring.h.
const (
	opSend            = 26         // IORING_OP_SEND, since Linux 5.6
	enterGetEvents    = 1          // IORING_ENTER_GETEVENTS
	featureSingleMmap = 1          // IORING_FEAT_SINGLE_MMAP, since Linux 5.4
	offsetEntries     = 0x10000000 // IORING_OFF_SQES
)

// offsets are where the fields of one side are in the mapping (io_sqring_offsets, io_cqring_offsets).
type offsets struct {
	head, tail, _, _, _ uint32
	completions         uint32 // of the completion side
	order               uint32 // of the submission side
	_                   [3]uint32
}

// parameters is io_uring_params.
type parameters struct {
	submissions, completions uint32
	_                        [3]uint32
	features                 uint32
	_                        [4]uint32
	submission, completion   offsets
}

// A submission is io_uring_sqe, as a send has it.
type submission struct {
	op       uint8
	_        [3]uint8
	fd       int32
	_        uint64
	address  uint64
	length   uint32
	flags    uint32
	userData uint64
	_        [24]byte
}

// A completion is io_uring_cqe.
type completion struct {
	userData uint64
	result   int32
	_        uint32
}

// A Ring gathers writes and does them by one system call. It is used by one goroutine at a time.
type Ring struct {
	fd          int
	sides       []byte // both, mapped
	entries     []byte // the submissions, mapped
	tail        *uint32
	head, end   *uint32 // of the completions
	submissions []submission
	completions []completion
	queued      int
	results     [Size]int32
}

// New returns ErrUnsupported, wrapped, where the kernel or the container refuses it.
func New() (*Ring, error) {
	var p parameters
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, Size, uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, errno)
	}
	r := &Ring{fd: int(fd)}
	unix.CloseOnExec(r.fd)
	if p.features&featureSingleMmap == 0 {
		r.Close()
		return nil, fmt.Errorf("%w: an old kernel", ErrUnsupported)
	}
	if err := r.mapAll(&p); err != nil {
		r.Close()
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if !r.sends() {
		r.Close()
		return nil, fmt.Errorf("%w: a kernel that cannot send with it", ErrUnsupported)
	}
	return r, nil
}

// Close frees the ring.
func (r *Ring) Close() {
	for _, mapping := range [][]byte{r.sides, r.entries} {
		if mapping != nil {
			_ = unix.Munmap(mapping) // it was mapped
		}
	}
	_ = unix.Close(r.fd) // nothing is under way
}

// Add queues the writing of p, which has at least one byte, to the socket, and returns how many writes are queued now, at
// most Size. The descriptor must stay open, and p unchanged and in use, until Write has returned.
func (r *Ring) Add(fd int, p []byte) (queued int) {
	at := (*r.tail + uint32(r.queued)) % uint32(len(r.submissions))
	r.submissions[at] = submission{
		op: opSend, fd: int32(fd), address: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))), length: uint32(len(p)),
		flags: unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL, userData: uint64(r.queued),
	}
	r.queued++
	return r.queued
}

// Write does what is queued, without waiting for any socket, and returns how many writes that were; Result tells what
// has become of each.
func (r *Ring) Write() (done int) {
	n := r.queued
	r.queued = 0
	for i := range n {
		r.results[i] = -int32(unix.EAGAIN) // what the kernel does not submit, it has not taken
	}
	tail := atomic.AddUint32(r.tail, uint32(n))
	for left := n; left > 0; {
		submitted, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(left), uintptr(n), enterGetEvents, 0, 0)
		if errno == 0 && submitted > 0 {
			left -= int(submitted)
		} else if errno != unix.EINTR {
			atomic.StoreUint32(r.tail, tail-uint32(left))
			break
		}
	}
	head, end := *r.head, atomic.LoadUint32(r.end)
	for ; head != end; head++ {
		c := &r.completions[head%uint32(len(r.completions))]
		r.results[c.userData] = c.result
	}
	atomic.StoreUint32(r.head, head)
	return n
}

// Result is how many bytes the socket of the i-th write, from 0, has taken. The error is ErrFull if it takes none now.
func (r *Ring) Result(i int) (n int, err error) {
	switch result := r.results[i]; {
	case result >= 0:
		return int(result), nil
	case result == -int32(unix.EAGAIN):
		return 0, ErrFull
	default:
		return 0, unix.Errno(-result)
	}
}

// mapAll maps what the kernel and this program share.
func (r *Ring) mapAll(p *parameters) (err error) {
	size := max(p.submission.order+p.submissions*uint32(unsafe.Sizeof(uint32(0))),
		p.completion.completions+p.completions*uint32(unsafe.Sizeof(completion{})))
	const rights, kind = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_SHARED | unix.MAP_POPULATE
	if r.sides, err = unix.Mmap(r.fd, 0, int(size), rights, kind); err != nil {
		return err
	}
	r.entries, err = unix.Mmap(r.fd, offsetEntries, int(p.submissions)*int(unsafe.Sizeof(submission{})), rights, kind)
	if err != nil {
		return err
	}
	field := func(offset uint32) unsafe.Pointer { return unsafe.Pointer(&r.sides[offset]) }
	r.tail = (*uint32)(field(p.submission.tail))
	r.head, r.end = (*uint32)(field(p.completion.head)), (*uint32)(field(p.completion.tail))
	r.submissions = unsafe.Slice((*submission)(unsafe.Pointer(&r.entries[0])), p.submissions)
	r.completions = unsafe.Slice((*completion)(field(p.completion.completions)), p.completions)
	for i := range p.submissions { // always in the order in which they stand
		*(*uint32)(field(p.submission.order + i*uint32(unsafe.Sizeof(i)))) = i
	}
	return nil
}

// sends reports whether the kernel knows the operation: it is then told that there is no such descriptor.
func (r *Ring) sends() bool {
	r.Add(-1, []byte{0})
	return r.Write() == 1 && r.results[0] == -int32(unix.EBADF)
}
