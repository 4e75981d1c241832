// Package loadgen puts a relay of raw WebSocket messages under load and measures it.
// Many connections join one room or several. In the closed loop a fixed number of messages is in flight, and each
// counts as complete when all other members of its room have heard it; in the open loop messages are sent at a rate,
// whatever the server does with them. Every delivery is parsed and checked, so that a server that loses, repeats,
// reorders, misdirects or echoes messages is found out.
//
// One thread reads all connections through epoll: the generator must cost less per delivery than the server
// that it measures. It therefore runs on Linux only. It knows nothing of Recado: any server that relays a
// message to all others can be measured.
package loadgen

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// What callers branch on.
var (
	ErrMissing     = errors.New("deliveries are missing")
	ErrPublic      = errors.New("the address of the server is neither loopback nor private")
	ErrUnsupported = errors.New("the load generator needs Linux (epoll)")
)

// A ConnectError is a connection that could not be opened.
type ConnectError struct {
	Number int // of the connection, from 1 on
	Err    error
}

// Error implements error.
func (e *ConnectError) Error() string { return fmt.Sprintf("connection %d: %v", e.Number, e.Err) }

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// A FileLimitError says that the system does not let this process open that many connections.
type FileLimitError struct {
	Files, Needed uint64
}

// Error implements error.
func (e *FileLimitError) Error() string {
	return fmt.Sprintf("%d files can be open, %d are needed", e.Files, e.Needed)
}

// A Config says what load to make. A zero field means the default.
type Config struct {
	URL         string        // ws://host:port/room; the name of each of several rooms is this one and a number
	AnyTarget   bool          // also an address that is neither loopback nor private
	Connections int           // default 1,000
	Rooms       int           // that the connections are spread over; default 1
	InFlight    int           // closed loop: messages under way at once in each room; default 1
	Rate        float64       // open loop: messages a second in all rooms together; 0 is the closed loop
	Senders     int           // members of each room that send; default as many as InFlight, or in the open loop 1
	Size        int           // payload bytes of a message, at least MinSize; default 64
	Binary      bool          // binary messages; default text
	Stalled     int           // members that never read, counted among Connections; they do not send
	Warmup      time.Duration // load before the measurement; default 1 s
	Duration    time.Duration // of the measurement; default 10 s
	Settle      time.Duration // Idle: silence before memory is read; default 5 s
	Timeout     time.Duration // for a handshake, and for a message to reach everyone; default 10 s
	Sources     int           // addresses from 127.0.0.1 up to connect from; default one for each 20,000 connections
	Dialing     int           // handshakes at once; default 32
	Gather      time.Duration // pause after reading from few connections; default 100 µs, Off to sleep until the next delivery
	PID         int           // of a server on this machine, whose CPU time and memory are read; 0: neither
	Watch       *Watch        // shows how far the run has come; nil: nobody looks
}

// maxRate is far above what one thread can write.
const maxRate = 10_000_000

// MinSize is the smallest payload that has room for what a message is recognised by.
const MinSize = 16

// Off is no pause at all.
const Off = -1

// perSource stays below the 28,232 ports that Linux gives out for one address by default.
const perSource = 20_000

func (c Config) withDefaults() Config {
	c.Connections = cmp.Or(c.Connections, 1000)
	c.Rooms = cmp.Or(c.Rooms, 1)
	c.InFlight = cmp.Or(c.InFlight, 1)
	if c.Rate > 0 {
		c.Senders = cmp.Or(c.Senders, 1)
	}
	c.Senders = cmp.Or(c.Senders, max(1, min(c.InFlight, c.listeners())))
	c.Size = cmp.Or(c.Size, 64)
	c.Warmup = cmp.Or(c.Warmup, time.Second)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	c.Settle = cmp.Or(c.Settle, 5*time.Second)
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.Sources = cmp.Or(c.Sources, (c.Connections+perSource-1)/perSource)
	c.Gather = cmp.Or(c.Gather, 100*time.Microsecond)
	c.Dialing = cmp.Or(c.Dialing, 32)
	if c.Watch == nil {
		c.Watch = new(Watch)
	}
	return c
}

// listeners is the least number of members of a room that read.
func (c Config) listeners() int {
	if c.Rooms < 1 {
		return 0
	}
	return (c.Connections - c.Stalled) / c.Rooms
}

// check expects the defaults to be filled in.
func (c Config) check() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return fmt.Errorf("address of the server: %w", err)
	case u.Scheme != "ws" || u.Hostname() == "":
		return fmt.Errorf("address of the server: %q is not of the form ws://host:port/room", c.URL)
	case c.Rooms < 1 || c.Connections < 2*c.Rooms:
		return fmt.Errorf("%d connections in %d rooms: a relay needs 2 in each", c.Connections, c.Rooms)
	case c.Stalled < 0 || c.listeners() < 2:
		return fmt.Errorf("%d stalled of %d connections: 2 must stay in each room", c.Stalled, c.Connections)
	case c.Senders < 1 || c.Senders > min(c.listeners(), maxSenders/c.Rooms):
		return fmt.Errorf("%d senders in each room: from 1 to %d can be", c.Senders, min(c.listeners(), maxSenders/c.Rooms))
	case c.Rate < 0 || c.Rate > maxRate:
		return fmt.Errorf("%v messages a second: up to %d can be", c.Rate, maxRate)
	case c.Rate == 0 && c.InFlight < c.Senders:
		return fmt.Errorf("%d messages in flight are too few for %d senders", c.InFlight, c.Senders)
	case c.Size < MinSize || c.Size > maxSize:
		return fmt.Errorf("%d bytes: a message has from %d to %d", c.Size, MinSize, maxSize)
	case c.Sources < 1 || c.Sources > 254:
		return fmt.Errorf("%d source addresses: from 1 to 254 can be", c.Sources)
	case min(c.Warmup, c.Duration, c.Settle, c.Timeout) < 0 || c.Dialing < 1 || c.PID < 0:
		return errors.New("negative times, numbers of handshakes and process ids mean nothing")
	}
	return nil
}

// A Result is what one Run measured. Deliveries, Messages, Latency and the CPU times are of the measurement
// proper; the faults are counted from the first message on.
type Result struct {
	Config     Config // with the defaults filled in
	Connecting time.Duration
	Handshakes *hdrhistogram.Histogram // what each connection took, in nanoseconds
	Elapsed    time.Duration
	Timeline   []Sample

	Deliveries int64 // one message heard by one member
	Messages   int64 // heard by all others of the room
	Reads      int64 // system calls that brought them; Deliveries / Reads shows how far the server combines messages

	Lost       int64 // deliveries still missing at the end
	Duplicated int64
	OutOfOrder int64 // deliveries that came after a later message of the same sender
	Echoed     int64 // deliveries to the message's own sender
	Foreign    int64 // messages that this run did not send, or sent differently or in another room

	// Latency is in nanoseconds, from just before a message was written, in the open loop from when it was its
	// turn, until the batch of reads that held the delivery had been worked through.
	Latency *hdrhistogram.Histogram

	OwnCPU        time.Duration // of the whole process that called Run
	ServerCPU     time.Duration // these three need Config.PID
	RSSBefore     int64         // bytes, before the first connection
	RSSAfter      int64         // bytes, at the end of the measurement
	StalledClosed int           // stalled members that the server gave up
}

// DeliveriesPerSecond is the throughput.
func (r *Result) DeliveriesPerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Deliveries) / r.Elapsed.Seconds()
}

// Faults is the number of deliveries that were not as they should be.
func (r *Result) Faults() int64 {
	return r.Lost + r.Duplicated + r.OutOfOrder + r.Echoed + r.Foreign
}

// CPUPerDelivery returns the processor time in microseconds that one delivery cost the server and this process.
func (r *Result) CPUPerDelivery() (server, own float64) {
	if r.Deliveries == 0 {
		return 0, 0
	}
	n := 1000 * float64(r.Deliveries)
	return float64(r.ServerCPU) / n, float64(r.OwnCPU) / n
}

// Busy are the shares of one processor that the server and this process used.
func (r *Result) Busy() (server, own float64) {
	if r.Elapsed <= 0 {
		return 0, 0
	}
	return r.ServerCPU.Seconds() / r.Elapsed.Seconds(), r.OwnCPU.Seconds() / r.Elapsed.Seconds()
}

// Bottleneck says that the figures are rather this process's than the server's: its one thread had hardly a pause,
// and the server, if its processor time is known, was less busy.
func (r *Result) Bottleneck() bool {
	const hardly = 0.95
	server, own := r.Busy()
	return own > hardly && server < own
}

// An IdleResult is what one Idle measured.
type IdleResult struct {
	Connections int
	Connecting  time.Duration
	Handshakes  *hdrhistogram.Histogram // as in Result
	RSSBefore   int64                   // bytes; both need Config.PID
	RSSAfter    int64
}

// BytesPerConnection is the resident memory that one connection added to the server.
func (r *IdleResult) BytesPerConnection() float64 {
	return float64(r.RSSAfter-r.RSSBefore) / float64(max(1, r.Connections))
}
