package loadgen

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

// A dialer opens connections as bare descriptors: Go's own poller must not know them.
type dialer struct {
	urls    []*url.URL // by room
	target  net.IP
	port    int
	sources int
	timeout time.Duration
	speaks  Protocol
	senders int
	run     string // the sessions' secrets begin with it
	watch   *Watch

	mu   sync.Mutex // guards took
	took *hdrhistogram.Histogram
}

func newDialer(ctx context.Context, c Config) (*dialer, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil, fmt.Errorf("address of the server: %w", err)
	}
	target := ips[0]
	for _, ip := range ips {
		if ip.To4() != nil { // several source addresses exist only there
			target = ip.To4()
			break
		}
	}
	if !c.AnyTarget && !near(target) {
		return nil, fmt.Errorf("%w: %s is %s", ErrPublic, u.Hostname(), target)
	}
	port, err := strconv.Atoi(cmp.Or(u.Port(), "80"))
	if err != nil {
		return nil, fmt.Errorf("address of the server: %w", err)
	}
	d := &dialer{
		urls: roomURLs(u, c.Rooms), target: target, port: port, sources: c.Sources, timeout: c.Timeout,
		speaks: c.Protocol, senders: c.Rooms * c.Senders, run: rand.Text(), watch: c.Watch, took: hdrhistogram.New(1000, int64(time.Hour), 3),
	}
	if target.To4() == nil || !target.IsLoopback() {
		d.sources = 1
	}
	return d, nil
}

// near says that an address is of this machine or of a network that belongs to somebody.
func near(ip net.IP) bool {
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}

// roomURLs are the addresses of so many rooms.
func roomURLs(u *url.URL, rooms int) []*url.URL {
	if rooms == 1 {
		return []*url.URL{u}
	}
	base := strings.TrimSuffix(u.Path, "/")
	if base == "" {
		base = "/bench"
	}
	var urls []*url.URL
	for room := range rooms {
		of := *u
		of.Path, of.RawPath = fmt.Sprintf("%s-%d", base, room+1), ""
		urls = append(urls, &of)
	}
	return urls
}

// dialAll opens all connections, some at a time. After an error it closes what it has opened.
func (d *dialer) dialAll(ctx context.Context, members []member, atOnce int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range min(atOnce, len(members)) {
		workers.Go(func() {
			for i := range numbers {
				if err := d.dialTimed(&members[i], i); err != nil {
					cancel(&ConnectError{Number: i + 1, Err: err})
				}
			}
		})
	}
	for i := range members {
		if ctx.Err() != nil {
			break
		}
		numbers <- i
	}
	close(numbers)
	workers.Wait()
	if ctx.Err() != nil {
		for i := range members {
			members[i].close()
		}
		return context.Cause(ctx)
	}
	return nil
}

func (d *dialer) dialTimed(m *member, number int) error {
	start := time.Now()
	if err := d.dial(m, number); err != nil {
		return err
	}
	d.watch.connected.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.took.RecordValue(int64(time.Since(start)))
}

// dial gives m a non-blocking descriptor on which the room's messages come.
func (d *dialer) dial(m *member, number int) error {
	s, err := d.open(m, number)
	switch {
	case err != nil:
		return err
	case d.speaks == SSE:
		return d.subscribe(m, s, number)
	}
	return d.upgrade(m, s, number)
}

// open gives m a connection.
func (d *dialer) open(m *member, number int) (socket, error) {
	family := unix.AF_INET
	if d.target.To4() == nil {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return socket{}, os.NewSyscallError("socket", err)
	}
	m.fd = fd
	s := socket{fd: fd, deadline: time.Now().Add(d.timeout)}
	return s, d.connect(s, number)
}

// upgrade makes the connection a WebSocket.
func (d *dialer) upgrade(m *member, s socket, number int) error {
	handshake := ws.Dialer{}
	if d.speaks == V1 {
		handshake.Protocols = []string{string(V1)}
	}
	rest, answer, err := handshake.Upgrade(s, d.urls[number%len(d.urls)])
	if status, is := errors.AsType[ws.StatusError](err); is {
		return &RefusedError{Status: int(status)}
	}
	if errors.Is(err, ws.ErrHandshakeBadSubProtocol) || err == nil && d.speaks == V1 && answer.Protocol == "" {
		return ErrProtocol
	}
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if rest != nil { // frames that came with the answer
		early, _ := rest.Peek(rest.Buffered()) // what is buffered can be peeked at
		m.keep(early)
		ws.PutReader(rest)
	}
	if d.speaks == V1 { // at once: a server does not wait for it for long
		_, err = s.Write(append(frameHeader(ws.OpText, len(hello), true), hello...))
	}
	return err
}

func (d *dialer) connect(s socket, number int) error {
	if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if d.sources > 1 {
		// The port is chosen when connecting, so that it need be free only towards this server.
		if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		from := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(1 + number%d.sources)}}
		if err := unix.Bind(s.fd, from); err != nil {
			return os.NewSyscallError("bind", err)
		}
	}
	var to unix.Sockaddr
	if v4 := d.target.To4(); v4 != nil {
		to = &unix.SockaddrInet4{Port: d.port, Addr: [4]byte(v4)}
	} else {
		to = &unix.SockaddrInet6{Port: d.port, Addr: [16]byte(d.target)}
	}
	err := unix.Connect(s.fd, to)
	if !errors.Is(err, unix.EINPROGRESS) && !errors.Is(err, unix.EINTR) {
		return os.NewSyscallError("connect", err)
	}
	if err = s.wait(unix.POLLOUT); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	result, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && result != 0 {
		err = unix.Errno(result)
	}
	return os.NewSyscallError("connect", err)
}

// A socket does the I/O of a handshake, which must end before the deadline.
type socket struct {
	fd       int
	deadline time.Time
}

func (s socket) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(s.fd, p)
		switch {
		case err == nil && n == 0:
			return 0, io.EOF
		case err == nil:
			return n, nil
		case !again(err):
			return 0, os.NewSyscallError("read", err)
		}
		if err = s.wait(unix.POLLIN); err != nil {
			return 0, err
		}
	}
}

func (s socket) Write(p []byte) (int, error) {
	for done := 0; ; {
		n, err := unix.Write(s.fd, p[done:])
		done += max(0, n)
		if done == len(p) {
			return done, nil
		}
		if err != nil && !again(err) {
			return done, os.NewSyscallError("write", err)
		}
		if err = s.wait(unix.POLLOUT); err != nil {
			return done, err
		}
	}
}

func (s socket) wait(events int16) error {
	for {
		left := time.Until(s.deadline)
		if left <= 0 {
			return os.ErrDeadlineExceeded
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: events}}, int(left/time.Millisecond)+1)
		if n > 0 || err != nil && !again(err) {
			return os.NewSyscallError("poll", err)
		}
	}
}

// again says that an error means only that it was not the time.
func again(err error) bool {
	return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)
}
