package client

import (
	"bytes"
	"time"

	"github.com/gobwas/ws"

	"recado"
)

// keptBuffer is how much memory the writer keeps after a big message.
const keptBuffer = 1 << 20

// write writes what the room has and the reader asks for, until the connection is over.
func (s *connection) write() error {
	var b bytes.Buffer
	for {
		over := s.gather(&b)
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
		<-s.wake
	}
}

// gather collects the frames that are to be written now. If over, they are the last ones.
func (s *connection) gather(b *bytes.Buffer) (over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.over
	}
	if s.hello != nil {
		writeFrame(b, ws.OpText, s.hello)
		s.hello = nil
	}
	if s.pong != nil {
		writeFrame(b, ws.OpPong, s.pong)
		s.pong = nil
	}
	if s.probe {
		writeFrame(b, ws.OpPing, nil)
		s.probe = false
	}
	if s.closing == 0 && !s.over && s.room.gather(b) {
		s.closing = recado.CloseNormal
		s.endReadingAt(time.Now().Add(s.config.CloseTimeout))
	}
	if s.closing != 0 {
		writeFrame(b, ws.OpClose, closePayload(s.closing))
		s.closed = true
	}
	return s.over
}

// push writes in chunks, so that the reader can see whether a long write moves.
func (s *connection) push(data []byte) error {
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
