package client

import (
	"bytes"
	"time"

	"github.com/gobwas/ws"

	"recado"
)

// keptBuffer is how much memory the writer keeps after a big message.
const keptBuffer = 1 << 20

// write writes what the outbox has and the reader asks for, until the connection is over.
func (s *session) write() error {
	var b bytes.Buffer
	for {
		changed := s.outbox.watch() // before gather looks, so that nothing is missed
		over, wait := s.gather(&b)
		if b.Len() > 0 {
			if err := s.push(b.Bytes()); err != nil {
				return err
			}
			if b.Cap() > keptBuffer {
				b = bytes.Buffer{}
			}
			b.Reset()
			if !over {
				continue
			}
		}
		if over {
			return nil
		}
		s.rest(changed, wait)
	}
}

// rest waits until there may be something to write.
func (s *session) rest(changed <-chan struct{}, wait time.Duration) {
	var due <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-changed:
	case <-s.wake:
	case <-due:
	}
}

// gather collects the frames that are to be written now. If over, they are the last ones; otherwise wait says
// when there will be more, 0 if nobody knows.
func (s *session) gather(b *bytes.Buffer) (over bool, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.over, 0
	}
	if s.pong != nil {
		writeFrame(b, ws.OpPong, s.pong)
		s.pong = nil
	}
	if s.probe {
		writeFrame(b, ws.OpPing, nil)
		s.probe = false
	}
	if s.closing == 0 && !s.over {
		wait = s.gatherMessages(b)
	}
	if s.closing != 0 {
		writeFrame(b, ws.OpClose, closePayload(s.closing))
		s.closed = true
	}
	return s.over, wait
}

// gatherMessages takes what the flow allows out of the outbox. When everything that will ever be sent is
// confirmed, it begins the close handshake.
func (s *session) gatherMessages(b *bytes.Buffer) (wait time.Duration) {
	for _, m := range s.outbox.take(s.flow.room()) {
		encodeRaw(b, m)
		s.flow.wrote(1, len(m.data))
	}
	last := s.outbox.finished()
	if last && s.flow.unconfirmed() == 0 {
		s.closing = recado.CloseNormal
		s.endReadingAt(time.Now().Add(s.config.CloseTimeout))
		return 0
	}
	payload, wait := s.flow.ping(time.Now(), last)
	if payload != nil {
		writeFrame(b, ws.OpPing, payload)
	}
	return wait
}

// push writes in chunks, so that the reader can see whether a long write moves.
func (s *session) push(data []byte) error {
	s.writing.Store(true)
	defer s.writing.Store(false)
	for len(data) > 0 {
		n := min(len(data), chunk)
		if _, err := s.conn.Write(data[:n]); err != nil {
			return err
		}
		s.moved.Add(1)
		data = data[n:]
	}
	return nil
}
