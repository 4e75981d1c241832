package loadgen

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

// Run connects, makes the load, and measures. With an error from the load itself, such as ErrMissing, it
// returns what was measured until then.
func Run(ctx context.Context, c Config) (*Result, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	r := &Result{Config: c, Latency: hdrhistogram.New(1000, int64(time.Hour), 3)}
	var err error
	if r.RSSBefore, err = residentBytes(c.PID); err != nil {
		return nil, err
	}
	l, err := newLoad(ctx, c)
	if err != nil {
		return nil, err
	}
	defer l.close()
	r.Connecting, r.Handshakes = l.connecting, l.handshakes
	err = l.measure(ctx, r)
	r.Timeline = l.timeline.done
	r.Lost, _ = l.ledger.missing()
	r.Duplicated, r.OutOfOrder = l.ledger.duplicated, l.ledger.outOfOrder
	r.Echoed, r.Foreign = l.ledger.echoed, l.ledger.foreign
	r.StalledClosed = l.stalledClosed
	return r, err
}

// Idle connects, lets Config.Settle pass without a message, and reads how much memory the server has taken, if
// Config.PID says whose.
func Idle(ctx context.Context, c Config) (*IdleResult, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	before, err := residentBytes(c.PID)
	if err != nil {
		return nil, err
	}
	l, err := newLoad(ctx, c)
	if err != nil {
		return nil, err
	}
	defer l.close()
	c.Watch.enter(Settling)
	if err = l.pass(ctx, c.Settle); err != nil {
		return nil, err
	}
	after, err := residentBytes(c.PID)
	if err != nil {
		return nil, err
	}
	return &IdleResult{
		Config: c, Connections: c.Connections, Connecting: l.connecting, Handshakes: l.handshakes,
		RSSBefore: before, RSSAfter: after,
	}, nil
}

// A load is all connections and the one epoll that they hang on.
type load struct {
	config  Config
	pattern pattern
	ledger  *ledger
	members []member // senders first, then those who only listen, stalled ones, and what senders post on, if they do
	frames  [][]byte // by sender

	poll    int
	events  []unix.EpollEvent
	buffer  []byte
	answers []byte
	free    []int  // senders that may send again since this batch
	pacer   *pacer // nil in the closed loop
	dialer  *dialer
	churn   *churn // nil without

	start         time.Time
	connecting    time.Duration
	handshakes    *hdrhistogram.Histogram
	looked        int64 // when the context was
	heard         int64 // when the last delivery was
	reads         int64
	fewReady      bool // at the last look
	inVain        int  // looks since something was ready
	sending       bool
	latency       *hdrhistogram.Histogram // nil while not measuring
	timeline      *timeline
	stalledClosed int
}

func newLoad(ctx context.Context, c Config) (*load, error) {
	if err := checkFiles(c); err != nil {
		return nil, err
	}
	senders := c.Rooms * c.Senders
	l := &load{
		config:   c,
		pattern:  c.pattern(),
		events:   make([]unix.EpollEvent, batch),
		start:    time.Now(),
		timeline: newTimeline(c.Duration),
	}
	l.buffer = make([]byte, readBuffer+2*l.pattern.largest)
	if c.Rate > 0 {
		l.pacer = newPacer(c.Rate, senders)
		c.InFlight = l.pacer.window * c.Senders
	}
	l.ledger = newLedger(c.Connections-c.Stalled, c.Rooms, c.Senders, c.InFlight)
	d, err := newDialer(ctx, c)
	if err != nil {
		return nil, err
	}
	l.dialer = d
	for sender := range senders {
		l.frames = append(l.frames, d.frame(sender, &l.pattern))
	}
	l.members = make([]member, c.Connections, c.Connections+senders)
	c.Watch.enter(Connecting)
	if l.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := d.dialAll(ctx, l.members, c.Dialing); err != nil {
		l.close()
		return nil, err
	}
	if c.Protocol == SSE {
		l.members = l.members[:cap(l.members)]
		if err := d.openPosts(l.members[c.Connections:]); err != nil {
			l.close()
			return nil, err
		}
	}
	l.connecting, l.handshakes = time.Since(l.start), d.took
	c.Watch.enter(Joining)
	if err := l.join(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// join makes sure that the server has taken every connection in: servers may answer the WebSocket handshake before they
// do, but a pong comes from their reading loop.
func (l *load) join(ctx context.Context) error {
	ping := frameHeader(ws.OpPing, 0, true)
	for i := range l.members {
		if err := l.watch(unix.EPOLL_CTL_ADD, i, reading); err != nil {
			return err
		}
		if l.members[i].http {
			l.members[i].answered = true
		} else if err := l.write(i, ping); err != nil {
			return err
		}
	}
	deadline := l.now() + int64(l.config.Timeout)
	for i := range l.members {
		for !l.members[i].answered {
			if l.now() > deadline {
				return fmt.Errorf("connection %d has not answered a ping within %v", i+1, l.config.Timeout)
			}
			if err := l.pass(ctx, time.Millisecond); err != nil {
				return err
			}
		}
	}
	for i := l.listening(); i < l.config.Connections; i++ {
		if err := l.watch(unix.EPOLL_CTL_MOD, i, unix.EPOLLRDHUP|unix.EPOLLONESHOT); err != nil {
			return err
		}
	}
	return nil
}

// measure is the loop, closed or open: warm-up, measurement, and waiting for what is still under way.
func (l *load) measure(ctx context.Context, r *Result) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Pauses must be as short as asked for; 50 µs are added to them otherwise.
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	defer func() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) }() // the default again
	l.sending, l.heard = true, l.now()
	l.config.Watch.enter(Warming)
	if l.pacer != nil {
		l.pacer.begin(l.now())
	}
	for sender := 0; sender < len(l.frames) && l.pacer == nil; sender++ {
		if err := l.send(sender); err != nil {
			return err
		}
	}
	if l.config.Churn > 0 {
		l.churn = startChurn(ctx, l.dialer, l.config.Churn, len(l.members))
		defer l.churn.stop()
	}
	if err := l.pass(ctx, l.config.Warmup); err != nil {
		return err
	}
	if l.churn != nil {
		l.churn.reset()
	}
	before, err := l.usage()
	if err != nil {
		return err
	}
	l.latency = r.Latency
	l.timeline.begin(before.at, before.deliveries)
	l.config.Watch.enter(Measuring)
	failed := l.pass(ctx, l.config.Duration)
	l.latency = nil
	after, err := l.usage()
	if err != nil && failed == nil {
		return err
	}
	l.timeline.cut(after.at, after.deliveries)
	r.take(before, after)
	if l.churn != nil {
		r.Churn = l.churn.result()
		l.churn.cancel()
	}
	l.config.Watch.enter(Draining)
	if failed != nil {
		return failed
	}
	l.sending = false
	for missing, _ := l.ledger.missing(); missing > 0; missing, _ = l.ledger.missing() {
		if err := l.pass(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return l.pass(ctx, linger)
}

// usage is what a measurement takes the difference of.
type usage struct {
	at, deliveries, messages, reads, resident int64
	own, server, waited                       time.Duration
}

// take notes the difference. The server's figures stay zero if it has ended before the measurement.
func (r *Result) take(before, after usage) {
	r.Elapsed = time.Duration(after.at - before.at)
	r.Deliveries, r.Messages = after.deliveries-before.deliveries, after.messages-before.messages
	r.Reads = after.reads - before.reads
	r.OwnCPU, r.Waited = after.own-before.own, after.waited-before.waited
	if after.resident > 0 {
		r.ServerCPU, r.RSSAfter = after.server-before.server, after.resident
	}
}

func (l *load) usage() (u usage, err error) {
	u.at, u.deliveries, u.messages, u.reads = l.now(), l.ledger.deliveries, l.ledger.messages, l.reads
	u.waited = waited()
	if u.own, err = cpuTime(0); err != nil || l.config.PID == 0 {
		return u, err
	}
	if u.server, err = cpuTime(l.config.PID); err != nil {
		return u, err
	}
	u.resident, err = residentBytes(l.config.PID) // last: it takes milliseconds
	return u, err
}

func (l *load) now() int64 {
	return int64(time.Since(l.start))
}

func (l *load) close() {
	for i := range l.members {
		l.members[i].close()
	}
	_ = unix.Close(l.poll)
}
