package transport

import (
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/hub"
	v1 "recado/internal/protocol/v1"
)

// maxWrite is how much of a backlog one write offers to the kernel, in bytes.
const maxWrite = 16 << 10

// outgoing is the sending side of a session. Bytes go straight to the socket while nothing waits; what the
// kernel does not take waits in the backlog, which a goroutine writes and which is bounded.
type outgoing struct {
	mu      sync.Mutex      // guards what follows
	backlog []piece         // in order
	waiting int             // bytes in backlog
	asked   int             // of them, those that the queue's limit does not count
	lags    bool            // more is waiting than lagShare allows
	cursor  *cursor         // the session reads the history; nil: it is attached to the room, or not in one
	writing bool            // a goroutine writes the backlog, and fills it as long as there is a cursor
	taken   int             // bytes of backlog[0] that are being written
	end     *ending         // set once; nothing is added to the backlog afterwards
	broken  bool            // the connection takes nothing any more
	written chan<- struct{} // closed when nobody writes any more; nil: nobody waits for that
}

// A piece is bytes waiting to be written, from a batch that many sessions share.
type piece struct {
	data  []byte // whole frames; never changed
	off   int    // written
	whole bool   // no batch: never cut
	asked bool   // the client has asked for it: it is not counted against the queue
}

// An ending says why a session ends.
type ending struct {
	code recado.CloseCode // as the log shows it
	why  string
	peer bool // the client sent its close frame
}

func (o *outgoing) ended() bool { return o.ending() != nil }

func (o *outgoing) ending() *ending {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.end
}

// unsent reports whether bytes are left that the client did not take.
func (o *outgoing) unsent() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.backlog) > 0 || o.broken
}

// receive sends what m is to have of b.
func (s *session) receive(w *directWriter, b *hub.Batch, m *hub.Member) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.receiveLocked(w, b, m)
}

// receiveLocked is receive; the caller holds out.mu.
func (s *session) receiveLocked(w *directWriter, b *hub.Batch, m *hub.Member) {
	behind := len(s.out.backlog) > 0
	data, whole := b.Bytes(), b.Whole(m) && (!behind || !b.Fleeting())
	if !whole {
		data = w.join(b, m, behind)
	}
	if len(data) == 0 {
		return
	}
	n := s.writeNow(w, data)
	switch {
	case n == len(data):
	case s.full(len(data) - n): // so nothing of it was written
		s.fallBehind(b, m)
	case whole:
		s.enqueue(piece{data: b.Keep(), off: n})
	default: // a copy of its own: a few bytes of it must not keep the whole batch
		s.enqueue(piece{data: slices.Clone(data), off: n})
	}
}

// control sends a control frame other than close.
func (s *session) control(op ws.OpCode, payload []byte) { s.send(appendFrame(nil, op, 0, payload)) }

// ping asks the client for a sign of life, or gives it one if it has nothing to say itself.
func (s *session) ping() {
	if p := s.wire.ping(); p != nil {
		s.send(p)
	}
	if s.streams {
		s.heard.Store(s.transport.roster.now())
	}
}

// drain announces that the server will stop, if the client's format can say that.
func (s *session) drain(after time.Duration) {
	e := v1.Drain{ReconnectAfter: after}
	switch {
	case s.talk != nil:
		s.say(e)
	case s.streams:
		if event := s.member.Encoding.(eventEncoding).appendEvent(nil, e); len(event) > 0 {
			s.send(event)
		}
	}
}

// send sends one whole frame.
func (s *session) send(frame []byte) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.sendLocked(frame, false)
}

// answer is send for what the client has asked for, and may take its time to read. What it asks for before it has
// read the answer before is counted against the queue, as all else is.
func (s *session) answer(frame []byte) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.sendLocked(frame, true)
}

// respond sends the answer to the handshake; the caller holds out.mu.
func (s *session) respond(head []byte) {
	if n := s.write(head); n < len(head) {
		s.enqueue(piece{data: head, off: n, whole: true})
	}
}

// close ends the session from this side: what waits is still sent, then the close frame, then nothing.
func (s *session) close(code recado.CloseCode, reason, why string) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	if s.out.end == nil {
		s.sendClose(s.wire.goodbye(code, reason))
		s.setEnd(ending{code: code, why: why})
	}
}

// answerClose ends the session from the client's side, with the code that it sent.
func (s *session) answerClose(code recado.CloseCode, reason string) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	if s.out.end != nil {
		return
	}
	frame := appendFrame(nil, ws.OpClose, 0, nil)
	if code != recado.CloseNoStatus {
		frame = closeFrame(code, "")
	}
	s.sendClose(frame)
	s.setEnd(ending{code: code, why: reason, peer: true})
}

// lost ends the session without a close frame, which nobody would read.
func (s *session) lost(why string) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.fail(recado.CloseAbnormal, why)
}

// awaitEnd sets the time that the client has to take the end, and reports whether to wait for it.
func (s *session) awaitEnd() bool {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	// Both close frames are through; if the client's was the first, the end of its connection follows at once.
	through := s.said && len(s.out.backlog) == 0 && (!s.out.end.peer || !s.link.closeWrite())
	return !s.out.broken && !through && s.link.allow(s.limits.CloseTimeout) == nil
}

// awaitWritten waits until what is left to be said is written, or cannot be.
func (s *session) awaitWritten() {
	s.out.mu.Lock()
	written := make(chan struct{})
	if s.out.writing {
		s.out.written = written
	} else {
		close(written)
	}
	s.out.mu.Unlock()
	timer := time.NewTimer(s.transport.limits.Load().CloseTimeout)
	defer timer.Stop()
	select {
	case <-written:
	case <-timer.C:
	}
}

// The methods below are called with out.mu held.

// unlocked runs f without the lock. It is held again even when f panics, for the callers that release it.
func (o *outgoing) unlocked(f func()) {
	o.mu.Unlock()
	defer o.mu.Lock()
	f()
}

// write is writeNow for single frames.
func (s *session) write(p []byte) (n int) {
	w := directWriters.Get().(*directWriter)
	defer directWriters.Put(w)
	return s.writeNow(w, p)
}

// writeNow returns how much of p needs no more care: what the kernel took, or all when nobody listens.
func (s *session) writeNow(w *directWriter, p []byte) (n int) {
	if s.out.end != nil {
		return len(p)
	}
	if len(s.out.backlog) > 0 {
		return 0
	}
	n, err := s.link.write(w, p)
	if err != nil {
		s.fail(recado.CloseAbnormal, err.Error())
		return len(p)
	}
	return n
}

// sendLocked is send, or answer.
func (s *session) sendLocked(frame []byte, asked bool) {
	n := s.write(frame)
	asked = asked && s.out.asked == 0
	switch {
	case n == len(frame):
	case !asked && s.full(len(frame)-n):
		s.overflow()
	default:
		s.enqueue(piece{data: frame, off: n, whole: true, asked: asked})
	}
}

// full reports whether n more bytes do not fit the backlog; one message always fits an empty one.
func (s *session) full(n int) bool {
	counted := s.out.counted()
	return counted > 0 && counted+n > s.limits.Queue
}

// fallBehind does what the room's policy says with a session that has no place for b.
func (s *session) fallBehind(b *hub.Batch, m *hub.Member) {
	if s.limits.QueuePolicy(m.Room()) == recado.Disconnect {
		s.overflow()
		return
	}
	s.transport.observer.Slow(Skipped)
	m.Detach()
	s.out.cursor = &cursor{at: b.After(m), slow: true} // the writing goroutine finds it when the backlog is empty
}

// overflow ends the session. The frame under way is finished, so that the close frame behind it can be read.
func (s *session) overflow() {
	o := &s.out
	var left []piece
	if first := o.backlog[0]; first.whole {
		left = append(left, first)
	} else if begun := first.off + o.taken; begun > 0 {
		first.data = first.data[:s.wire.border(first.data, begun)]
		left = append(left, first)
	}
	o.backlog = append(left, piece{data: s.wire.goodbye(recado.CloseSlow, recado.CloseSlow.Reason()), whole: true})
	o.waiting = 0
	for _, p := range o.backlog {
		o.waiting += len(p.data) - p.off
	}
	s.transport.observer.Slow(Overflowed)
	s.setEnd(ending{code: recado.CloseSlow, why: "more waiting than the queue holds"})
}

// enqueue adds p to the backlog and sees to its being written.
func (s *session) enqueue(p piece) {
	s.out.backlog = append(s.out.backlog, p)
	n := len(p.data) - p.off
	s.out.waiting += n
	if p.asked {
		s.out.asked += n
	}
	s.noteLag()
	s.startWriting()
}

// startWriting makes sure that the backlog is written, and filled if there is a cursor.
func (s *session) startWriting() {
	if !s.out.writing {
		s.out.writing = true
		s.transport.goroutines.Go(s.writeBacklog)
	}
}

func (s *session) sendClose(frame []byte) {
	if n := s.write(frame); n < len(frame) {
		s.enqueue(piece{data: frame, off: n, whole: true})
	} else {
		s.link.closeWrite()
	}
}

// setEnd notes the end and wakes the goroutine that reads, which looks after the rest.
func (s *session) setEnd(e ending) {
	if s.out.end == nil {
		s.out.end = &e
		s.noteLag()
		s.link.interrupt()
	}
}

// fail ends a session whose connection takes no more bytes.
func (s *session) fail(code recado.CloseCode, why string) {
	s.out.broken = true
	s.setEnd(ending{code: code, why: why})
}

// writeBacklog writes until the backlog is empty and there is no cursor to fill it from. It locks out.mu itself.
func (s *session) writeBacklog() {
	defer s.survive()
	o := &s.out
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.broken {
		if len(o.backlog) > 0 {
			s.writeFirst()
			continue
		}
		o.backlog = nil
		if o.cursor == nil || o.end != nil {
			break
		}
		s.refill()
	}
	o.writing = false
	if o.written != nil {
		close(o.written)
		o.written = nil
	}
	if o.end != nil && !o.broken {
		s.link.closeWrite()
	}
}

// writeFirst writes some of the backlog. It unlocks out.mu meanwhile.
func (s *session) writeFirst() {
	o := &s.out
	first := o.backlog[0]
	data := first.data[first.off:min(first.off+maxWrite, len(first.data))]
	o.taken = len(data)
	var n int
	var err error
	o.unlocked(func() { n, err = s.link.writeWithin(s.limits.QueueStall, data) })
	o.taken = 0
	o.waiting -= n
	if first.asked {
		o.asked -= n
	}
	s.noteLag()
	if o.backlog[0].off += n; o.backlog[0].off == len(o.backlog[0].data) {
		o.backlog[0] = piece{}
		o.backlog = o.backlog[1:]
	}
	switch {
	case err == nil:
	case errors.Is(err, os.ErrDeadlineExceeded):
		if o.end == nil {
			s.transport.observer.Slow(Stalled)
		}
		s.fail(recado.CloseSlow, "nothing read for "+s.limits.QueueStall.String())
	default:
		s.fail(recado.CloseAbnormal, err.Error())
	}
}

// closeFrame is the frame with that code and reason (RFC 6455, section 5.5.1).
func closeFrame(code recado.CloseCode, reason string) []byte {
	payload := append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
	return appendFrame(nil, ws.OpClose, 0, payload)
}
