package transport

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxIdleWorkers is how many goroutines, with the stacks that they have grown, wait for the next readable socket.
const maxIdleWorkers = 32

// A poller knows which sockets are readable, so that a session needs no goroutine while its client says nothing. Its
// own epoll instance is watched by Go's: the goroutine that asks it is parked like any other, and holds no thread.
// The zero poller begins with the first socket.
type poller struct {
	begin, end sync.Once
	epoll      *os.File         // nil: the system refuses one
	fd         int              // of epoll
	work       chan *polledLink // to a worker that is waiting
	idle       atomic.Int32     // workers
	goroutines sync.WaitGroup
	rings      chan *ringWriter // that nobody uses now; its capacity is their number

	mu    sync.RWMutex  // guards links
	links []*polledLink // by descriptor
}

// adopt takes the socket over from conn, or returns nil and leaves it alone.
func (p *poller) adopt(conn net.Conn, raw syscall.RawConn, s *session) link {
	p.begin.Do(p.open)
	fd := -1
	if p.epoll == nil || raw.Control(func(old uintptr) { fd, _ = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }) != nil || fd < 0 {
		return nil
	}
	_ = conn.Close() // the duplicate holds the connection
	l := &polledLink{poller: p, session: s, fd: fd}
	l.state.Store(running) // until start
	return l
}

func (p *poller) open() {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return
	}
	_ = unix.SetNonblock(fd, true) // for os.NewFile to let Go's poller watch it
	p.fd, p.epoll, p.work = fd, os.NewFile(uintptr(fd), "epoll"), make(chan *polledLink)
	raw, err := p.epoll.SyscallConn()
	if err != nil {
		panic(err) // the file is open
	}
	p.openRings()
	p.goroutines.Go(func() { p.run(raw) })
}

// close frees the poller once all of its links are closed.
func (p *poller) close() {
	p.begin.Do(func() {}) // it never begins now
	if p.epoll == nil {
		return
	}
	p.end.Do(func() {
		_ = p.epoll.Close() // ends run
		close(p.work)       // and the workers
		p.closeRings()
	})
	p.goroutines.Wait()
}

// run hands readable sessions to workers until the poller is closed.
func (p *poller) run(raw syscall.RawConn) {
	events := make([]unix.EpollEvent, 256)
	for {
		n := 0
		err := raw.Read(func(fd uintptr) (done bool) {
			n = readyNow(fd, events)
			return n != 0
		})
		if err != nil || n < 0 {
			return
		}
		for _, e := range events[:n] {
			p.ready(e)
		}
	}
}

func (p *poller) ready(e unix.EpollEvent) {
	p.mu.RLock()
	l := p.links[e.Fd]
	p.mu.RUnlock()
	if l == nil { // closed meanwhile
		return
	}
	if e.Events != unix.EPOLLIN {
		l.ending.Store(true)
	}
	l.wake()
}

// watch begins to look after the link: its session is woken for everything that comes from now on.
func (p *poller) watch(l *polledLink) error {
	p.mu.Lock()
	for len(p.links) <= l.fd {
		p.links = append(p.links, nil)
	}
	p.links[l.fd] = l
	p.mu.Unlock()
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, l.fd, &unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(l.fd),
	})
}

func (p *poller) forget(fd int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if fd < len(p.links) { // else it was never watched
		p.links[fd] = nil
	}
}

// dispatch has the link's session run by a worker.
func (p *poller) dispatch(l *polledLink) {
	select {
	case p.work <- l:
	default:
		p.goroutines.Go(func() { p.serve(l) })
	}
}

// serve runs sessions as long as there are any, or few workers wait for more.
func (p *poller) serve(l *polledLink) {
	in := polledReceivers.Get().(*polledReceiver)
	defer polledReceivers.Put(in)
	for more := true; more; {
		in.link = l
		l.turn(in)
		in.link = nil // it may be the last to know the session
		if p.idle.Add(1) > maxIdleWorkers {
			p.idle.Add(-1)
			return
		}
		l, more = <-p.work
		p.idle.Add(-1)
	}
}
