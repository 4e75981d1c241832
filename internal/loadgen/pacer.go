package loadgen

// A pacer says when it is whose turn to send in the open loop: messages are due at even distances, whatever has
// become of the earlier ones. The senders take turns.
type pacer struct {
	gap    float64 // nanoseconds from one message to the next
	start  int64
	count  int64 // messages so far
	next   int64 // when the next message is due
	sender int   // its sender
	of     int   // senders
	window int   // messages that one sender may have under way
}

// flightsAtMost bounds the messages under way in the open loop. When so many are, the next waits, and the wait
// counts as latency, since that is counted from when a message was due.
const flightsAtMost = 1 << 18

func newPacer(rate float64, senders int) *pacer {
	return &pacer{gap: 1e9 / rate, of: senders, window: max(4, min(4096, flightsAtMost/senders))}
}

func (p *pacer) begin(now int64) {
	p.start, p.next = now, now
}

func (p *pacer) advance() {
	p.count++
	p.next = p.start + int64(float64(p.count)*p.gap)
	p.sender = (p.sender + 1) % p.of
}
