// Package loadgen puts a relay of WebSocket messages under load and measures it.
// Many connections join one room or several. In the closed loop a fixed number of messages is in flight, and each
// counts as complete when all other members of its room have heard it; in the open loop messages are sent at a rate,
// whatever the server does with them. Every delivery is parsed and checked, so that a server that loses, repeats,
// reorders, misdirects or echoes messages is found out.
//
// One thread reads all connections through epoll: the generator must cost less per delivery than the server
// that it measures. It therefore runs on Linux only. It knows nothing of Recado but how its protocol recado.v1 and its
// streams look on the wire: any server that relays a message to all others can be measured.
package loadgen

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

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
	Waited        time.Duration // that the thread of the load was ready and got no processor
	ServerCPU     time.Duration // these three need Config.PID
	RSSBefore     int64         // bytes, before the first connection
	RSSAfter      int64         // bytes, at the end of the measurement
	StalledClosed int           // stalled members that the server gave up
	Churn         *Churn        // nil without
}

// A Churn is what became of those who came and went.
type Churn struct {
	Joins  *hdrhistogram.Histogram // in nanoseconds, from when one was due until the server had taken it in
	Failed int64
	Err    error // the first failure
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

// Starved says that the machine was too busy to measure on: for a good part of the time the load could not look or
// send, and that is in the latencies.
func (r *Result) Starved() bool {
	return r.Waited > r.Elapsed/10
}

// An IdleResult is what one Idle measured.
type IdleResult struct {
	Config      Config // with the defaults filled in
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
