package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batch      = 64        // descriptors read between two looks at the clock
	readBuffer = 256 << 10 // for one read

	patience = 10                     // looks in vain before it sleeps
	linger   = 100 * time.Millisecond // for what comes too late or twice
	reading  = unix.EPOLLIN | unix.EPOLLET
)

// pass works for some time.
func (l *load) pass(ctx context.Context, d time.Duration) error {
	end := l.now() + int64(d)
	for now := l.now(); now < end; now = l.now() {
		if err := l.turn(min(tick, time.Duration(end-now))); err != nil {
			return err
		}
		if now-l.looked < int64(tick) {
			continue
		}
		if err := l.look(ctx, now); err != nil {
			return err
		}
	}
	return nil
}

// look is what need not be done at every turn.
func (l *load) look(ctx context.Context, now int64) error {
	l.looked = now
	l.config.Watch.deliveries.Store(l.ledger.deliveries)
	if l.latency != nil {
		l.timeline.look(now, l.ledger.deliveries)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	n, oldest := l.ledger.missing()
	if l.pacer != nil {
		oldest = max(oldest, l.heard) // a message may take long when more come than the server can pass on
	}
	if n > 0 && now-oldest > int64(l.config.Timeout) {
		return fmt.Errorf("%w: %d after %v", ErrMissing, n, l.config.Timeout)
	}
	return nil
}

// turn waits until something can be read, but no longer than d, reads one batch, and sends what became possible.
func (l *load) turn(d time.Duration) error {
	if l.pacer != nil && l.sending && l.ledger.free(l.pacer.sender) {
		d = min(d, time.Duration(max(0, l.pacer.next-l.now())))
	}
	n, err := l.wait(d)
	if err != nil {
		return os.NewSyscallError("epoll_wait", err)
	}
	for i := range n {
		if err := l.ready(int(l.events[i].Fd), l.events[i].Events); err != nil {
			return fmt.Errorf("connection %d: %w", l.events[i].Fd+1, err)
		}
	}
	l.fewReady = n < batch
	l.inVain = min(l.inVain+1, patience)
	if n > 0 {
		l.inVain = 0
	}
	now := l.now()
	l.free = l.free[:0]
	for _, i := range l.ledger.touched {
		at, sender, heard, over := l.ledger.settle(i)
		if l.latency != nil {
			took := now - at
			if err := errors.Join(l.latency.RecordValues(took, int64(heard)), l.timeline.latency.RecordValues(took, int64(heard))); err != nil {
				return err
			}
		}
		if over && l.pacer == nil {
			l.free = append(l.free, sender)
		}
	}
	if len(l.ledger.touched) > 0 {
		l.heard = now
	}
	l.ledger.touched = l.ledger.touched[:0]
	for _, sender := range l.free { // only now: a new message may take the place of one that was touched
		if err := l.send(sender); err != nil {
			return err
		}
	}
	if l.pacer != nil && l.sending {
		return l.pace(now)
	}
	return nil
}

// wait returns how many events there are. As long as there are some it does not sleep in epoll_wait: each delivery
// would wake it up, at the server's expense, which clients on other machines do not cause. It looks, and pauses
// between looks.
func (l *load) wait(d time.Duration) (int, error) {
	milliseconds := int((d + time.Millisecond - 1) / time.Millisecond)
	if l.pacer != nil && l.sending {
		milliseconds = int(d / time.Millisecond) // rather too early than too late for the next message
	}
	if !l.sending || milliseconds > 0 && (l.config.Gather <= 0 || l.inVain == patience || l.pacer != nil && l.ledger.under == 0) {
		n, err := unix.EpollWait(l.poll, l.events, milliseconds)
		if errors.Is(err, unix.EINTR) {
			return 0, nil
		}
		return n, err
	}
	if idle := l.pacer != nil && l.ledger.under == 0; idle || l.fewReady {
		if !idle { // else nothing can come before something is sent
			d = min(d, l.config.Gather)
		}
		pause := unix.NsecToTimespec(int64(max(0, d)))
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&pause)), 0, 0) // may be shorter
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.poll), uintptr(unsafe.Pointer(&l.events[0])),
		uintptr(len(l.events)), 0, 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, errno
}

// ready serves one descriptor.
func (l *load) ready(i int, events uint32) error {
	if i >= l.listening() && i < l.config.Connections && events&unix.EPOLLIN == 0 {
		l.stalledClosed++
		return nil
	}
	m := &l.members[i]
	if events&unix.EPOLLOUT != 0 {
		if left, err := m.flush(); left || err != nil {
			return err
		}
		if err := l.watch(unix.EPOLL_CTL_MOD, i, reading); err != nil {
			return err
		}
	}
	return l.read(i)
}

// read takes all there is: the edge-triggered epoll reports only what comes later. A read that does not fill the
// buffer has taken everything.
func (l *load) read(i int) error {
	m := &l.members[i]
	for more := true; more; {
		kept := copy(l.buffer, m.partial)
		n, errno := receive(m.fd, l.buffer[kept:])
		switch {
		case errno == unix.EAGAIN:
			return nil
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return os.NewSyscallError("recvfrom", errno)
		case n == 0:
			return io.ErrUnexpectedEOF
		}
		l.reads++
		more = kept+n == len(l.buffer)
		rest, err := m.parse(i, l.buffer[:kept+n], &l.pattern, l.ledger, &l.answers)
		if err != nil {
			return err
		}
		m.keep(rest)
	}
	if len(l.answers) == 0 {
		return nil
	}
	answers := l.answers
	l.answers = l.answers[:0]
	return l.write(i, answers)
}

// receive is a read without what Go's scheduler does around a system call that may block; this one does not.
func receive(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

// send lets a member send as much as it may.
func (l *load) send(sender int) error {
	for l.sending && l.ledger.free(sender) {
		now := l.now()
		if err := l.sendOne(sender, now, now); err != nil {
			return err
		}
	}
	return nil
}

// pace sends what is due, in the open loop.
func (l *load) pace(now int64) error {
	for range batch { // then the connections are read again
		if l.pacer.next > now || !l.ledger.free(l.pacer.sender) {
			return nil
		}
		if err := l.sendOne(l.pacer.sender, l.pacer.next, now); err != nil {
			return err
		}
		l.pacer.advance()
	}
	return nil
}

func (l *load) sendOne(sender int, at, now int64) error {
	l.pattern.identify(l.frames[sender], sender, l.ledger.send(sender, at, now))
	i := sender
	if l.config.Protocol == SSE {
		i += l.config.Connections
	}
	if err := l.write(i, l.frames[sender]); err != nil {
		return fmt.Errorf("connection %d: %w", i+1, err)
	}
	return nil
}

// write never blocks: what the kernel does not take follows when it can.
func (l *load) write(i int, frames []byte) error {
	m := &l.members[i]
	waiting := len(m.unsent) > 0
	left, err := m.write(frames)
	if err != nil || !left || waiting {
		return err
	}
	return l.watch(unix.EPOLL_CTL_MOD, i, reading|unix.EPOLLOUT)
}

func (l *load) watch(operation, i int, events uint32) error {
	event := unix.EpollEvent{Events: events, Fd: int32(i)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.poll, operation, l.members[i].fd, &event))
}

// listening is the number of members that listen; the others follow them.
func (l *load) listening() int {
	return l.config.Connections - l.config.Stalled
}
