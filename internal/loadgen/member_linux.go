package loadgen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

// A member is one connection.
type member struct {
	fd       int    // 0: none
	partial  []byte // the beginning of a frame whose rest has not come yet
	message  []byte // the fragments of a message so far
	unsent   []byte // what the kernel has not taken yet
	answered bool   // our ping
	http     bool   // not a WebSocket
	posts    bool   // it publishes, and hears nothing but the answers
}

// keep remembers an unfinished frame until the next read.
func (m *member) keep(rest []byte) {
	m.partial = append(m.partial[:0], rest...)
}

// write sends what it can at once; left says that the rest waits in m.unsent for the descriptor to be writable.
func (m *member) write(frames []byte) (left bool, err error) {
	if len(m.unsent) > 0 {
		m.unsent = append(m.unsent, frames...)
		return true, nil
	}
	n, err := unix.Write(m.fd, frames)
	if err != nil && !again(err) {
		return false, os.NewSyscallError("write", err)
	}
	m.unsent = append(m.unsent, frames[max(0, n):]...)
	return len(m.unsent) > 0, nil
}

// flush is write for what is left.
func (m *member) flush() (left bool, err error) {
	frames := m.unsent
	m.unsent = nil
	return m.write(frames)
}

// close says goodbye, where there is one, if the kernel takes it, and does not wait for the answer.
func (m *member) close() {
	if m.fd == 0 {
		return
	}
	if !m.http {
		goodbye := append(frameHeader(ws.OpClose, 2, true), 0x03, 0xe8) // 1000
		_, _ = m.write(goodbye)                                         // it may be closed already
	}
	_ = unix.Close(m.fd)
	m.fd = 0
}

// parse goes through all whole frames, chunks or answers in b and returns what is left: the beginning of one. The answers to
// control frames are appended to *answers.
func (m *member) parse(number int, b []byte, p *pattern, to *ledger, answers *[]byte) (rest []byte, err error) {
	switch {
	case m.posts:
		return parseAnswers(b)
	case p.speaks != Raw:
		return m.parseWrapped(number, b, p, to, answers)
	}
	header, whole := len(p.header), len(p.header)+p.size
	for {
		if len(b) >= whole && p.starts(b) {
			p.hear(to, number, b[header:whole])
			b = b[whole:]
			continue
		}
		if len(b) < whole && bytes.HasPrefix(p.header, b[:min(header, len(b))]) {
			return b, nil
		}
		n, err := m.parseOther(number, b, p, to, answers)
		if n == 0 || err != nil {
			return b, err
		}
		b = b[n:]
	}
}

// parseWrapped is parse for messages in JSON.
func (m *member) parseWrapped(number int, b []byte, p *pattern, to *ledger, answers *[]byte) (rest []byte, err error) {
	for len(b) > 0 {
		text, end := p.usual(b)
		if end > 0 {
			p.hear(to, number, text)
		} else {
			if p.speaks == SSE {
				end, err = m.parseChunk(number, b, p, to)
			} else {
				end, err = m.parseOther(number, b, p, to, answers)
			}
			if end == 0 || err != nil {
				return b, err
			}
		}
		b = b[end:]
	}
	return b, nil
}

// parseOther takes one frame that does not look like those of the run's messages: a control frame, a fragment,
// or something foreign. It returns its length, or 0 if it is not whole.
func (m *member) parseOther(number int, b []byte, p *pattern, to *ledger, answers *[]byte) (int, error) {
	from := bytes.NewReader(b)
	header, err := ws.ReadHeader(from)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, nil
	}
	if err != nil || header.Masked {
		return 0, fmt.Errorf("a frame with a broken header from the server: % x", b[:min(len(b), 14)])
	}
	if header.Length > int64(p.largest) {
		return 0, fmt.Errorf("a frame of %d bytes from the server", header.Length)
	}
	if int64(from.Len()) < header.Length {
		return 0, nil
	}
	start := len(b) - from.Len()
	payload := b[start : start+int(header.Length)]
	length := start + len(payload)
	switch header.OpCode {
	case ws.OpPing:
		*answers = append(append(*answers, frameHeader(ws.OpPong, len(payload), true)...), payload...)
	case ws.OpPong:
		m.answered = true
	case ws.OpClose:
		return 0, closedError(payload)
	default:
		return length, m.parseData(number, payload, header.Fin, p, to)
	}
	return length, nil
}

// parseData takes the payload of a data frame, which is the last of its message if fin.
func (m *member) parseData(number int, payload []byte, fin bool, p *pattern, to *ledger) error {
	if !fin || len(m.message) > 0 {
		m.message = append(m.message, payload...)
		if len(m.message) > p.largest {
			return fmt.Errorf("a message of more than %d bytes from the server", p.largest)
		}
		if !fin {
			return nil
		}
		payload, m.message = m.message, m.message[:0]
	}
	message, is, err := p.unwrap(payload)
	if is {
		p.hear(to, number, message)
	}
	return err
}

func closedError(payload []byte) error {
	if len(payload) < 2 {
		return errors.New("the server closed the connection")
	}
	code, reason := ws.ParseCloseFrameData(payload)
	return fmt.Errorf("the server closed the connection: %d %q", code, reason)
}
