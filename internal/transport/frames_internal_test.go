package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"recado"
)

// A recorder notes what a frameReader tells it, and ends at a close frame as a session does.
type recorder struct {
	t      *testing.T
	limit  int
	events []string
}

func (r *recorder) handleMessage(kind recado.Kind, data []byte) error {
	r.events = append(r.events, fmt.Sprintf("%v %q", kind, data))
	if len(data) > r.limit {
		r.t.Errorf("a message of %d bytes, the limit is %d", len(data), r.limit)
	}
	if kind == recado.Text && !utf8.Valid(data) {
		r.t.Errorf("text %q is not valid UTF-8", data)
	}
	return nil
}

func (r *recorder) handleControl(op ws.OpCode, payload []byte) error {
	r.events = append(r.events, fmt.Sprintf("control %d %q", op, payload))
	if !op.IsControl() || len(payload) > ws.MaxControlFramePayloadSize {
		r.t.Errorf("control frame of opcode %d with %d bytes", op, len(payload))
	}
	if op != ws.OpClose {
		return nil
	}
	if _, _, err := parseClose(payload); err != nil {
		return err
	}
	return errEnded
}

// readFrames feeds data in stretches and returns what was read, and how it ended.
func readFrames(t *testing.T, data, cuts []byte, deflate bool) (events []string, end error) {
	t.Helper()
	reader := frameReader{messageLimit: 1000, fragmentLimit: 20, deflate: deflate}
	r := &recorder{t: t, limit: reader.messageLimit}
	for part := range split(bytes.Clone(data), cuts) {
		if err := reader.feed(part, r); err != nil {
			return r.events, err
		}
		if kept := len(reader.message) + len(reader.head) + len(reader.control); kept > 1000+1000>>10+64+14+125 {
			t.Errorf("the reader keeps %d bytes", kept)
		}
	}
	return r.events, nil
}

// clientFrame is a masked frame with the first byte and payload.
func clientFrame(first byte, payload string) string {
	var b bytes.Buffer
	h := ws.Header{
		Fin: first&0x80 != 0, Rsv: first >> 4 & 7, OpCode: ws.OpCode(first & 0xf), Masked: true,
		Mask: [4]byte{1, 2, 3, 4}, Length: int64(len(payload)),
	}
	if err := ws.WriteHeader(&b, h); err != nil {
		panic(err)
	}
	p := []byte(payload)
	ws.Cipher(p, h.Mask, 0)
	return b.String() + string(p)
}

// streams are what a client may send: good, bad, and cut off.
func streams() []string {
	long := strings.Repeat("a", 1000)
	closing := string(binary.BigEndian.AppendUint16(nil, 1000)) + "bye"
	d, err := newDeflater(maxWindowBits)
	if err != nil {
		panic(err)
	}
	deflated := string(d.deflate([]byte(long)))
	tooMuch := string(d.deflate([]byte(long + "a")))
	return []string{
		"", "\x81", "\x81\x80\x00\x00",
		clientFrame(0x81, "oi"),
		clientFrame(0x81, "") + clientFrame(0x82, "\xff") + clientFrame(0x81, "κόσμε"),
		clientFrame(0x01, "a\xe2") + clientFrame(0x89, "ping") + clientFrame(0x00, "\x82") + clientFrame(0x80, "\xac"),
		clientFrame(0x01, "\xf4") + clientFrame(0x80, "\x90"),
		clientFrame(0x81, long) + clientFrame(0x82, long+"a"),
		clientFrame(0x02, long) + clientFrame(0x80, ""),
		clientFrame(0x02, long) + clientFrame(0x80, "b"),
		clientFrame(0x02, "") + strings.Repeat(clientFrame(0x00, ""), 25),
		clientFrame(0x8a, strings.Repeat("p", 125)) + clientFrame(0x89, strings.Repeat("p", 126)),
		clientFrame(0x81, "oi") + clientFrame(0x88, closing) + clientFrame(0x81, "more"),
		clientFrame(0x88, ""), clientFrame(0x88, "a"), clientFrame(0x88, "\x03\xed"), clientFrame(0x88, "\x03\xe8\xff"),
		clientFrame(0x80, "a"), clientFrame(0x01, "a") + clientFrame(0x81, "b"), clientFrame(0x09, ""), clientFrame(0x83, ""),
		clientFrame(0xc1, "a"), clientFrame(0xa1, "a"), clientFrame(0xc9, ""),
		"\x81\x02oi", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", "\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04",
		"\x81\xfe\x00\x02\x00\x00\x00\x00oi", "\x81\xff\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00" + long,
		clientFrame(0xc1, deflated) + clientFrame(0x81, "oi"),
		clientFrame(0x41, deflated[:3]) + clientFrame(0x89, "") + clientFrame(0x80, deflated[3:]),
		clientFrame(0x41, deflated[:3]) + clientFrame(0xc0, deflated[3:]),
		clientFrame(0xc2, tooMuch), clientFrame(0xc1, "\xff\xff"), clientFrame(0xc2, strings.Repeat("\x00\x00\x00\xff\xff", 100)+"\x00"),
	}
}

// FuzzFrameReader proves that it makes no difference how TCP cuts a client's bytes: the same is read from them,
// and refused for the same reason.
func FuzzFrameReader(f *testing.F) {
	for _, stream := range streams() {
		f.Add([]byte(stream), []byte{7, 1, 2, 30}, false)
		f.Add([]byte(stream), []byte{3}, true)
	}
	f.Fuzz(func(t *testing.T, data, cuts []byte, deflate bool) {
		wantEvents, wantEnd := readFrames(t, data, nil, deflate)
		for _, cuts := range [][]byte{cuts, {1}} {
			events, end := readFrames(t, data, cuts, deflate)
			if !slices.Equal(events, wantEvents) || !sameEnd(end, wantEnd) {
				t.Errorf("bytes %x\ncut by %x: %q, %v\nwhole:  %q, %v", data, cuts, events, end, wantEvents, wantEnd)
			}
		}
	})
}

func sameEnd(a, b error) bool {
	if _, ok := errors.AsType[*closeError](a); ok {
		return codeOf(a) == codeOf(b) && a.Error() == b.Error()
	}
	return errors.Is(a, b)
}

// A violation is found with the byte that makes it one: one byte less is not refused.
func TestViolationsAreFoundAtOnce(t *testing.T) {
	for _, stream := range streams() {
		for _, deflate := range []bool{false, true} {
			_, end := readFrames(t, []byte(stream), nil, deflate)
			if end == nil {
				continue
			}
			found := 0
			for n := range len(stream) + 1 {
				if _, err := readFrames(t, []byte(stream[:n]), nil, deflate); err != nil {
					found = n
					break
				}
			}
			for n := found; n <= len(stream); n++ {
				if _, err := readFrames(t, []byte(stream[:n]), nil, deflate); !sameEnd(err, end) {
					t.Errorf("%x (deflate %t) ends with %v, but its first %d bytes with %v", stream, deflate, end, n, err)
				}
			}
		}
	}
}

// A reader without an unfinished frame holds no memory.
func TestFrameReaderLetsGo(t *testing.T) {
	reader := frameReader{messageLimit: 1 << 20, fragmentLimit: 100}
	r := &recorder{t: t, limit: 1 << 20}
	stream := []byte(clientFrame(0x01, strings.Repeat("a", 1<<18)) + clientFrame(0x89, "ping") + clientFrame(0x80, strings.Repeat("b", 1<<18)))
	for part := range split(stream, []byte{200}) {
		if err := reader.feed(part, r); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.events) != 2 || reader.message != nil || reader.head != nil || reader.control != nil {
		t.Errorf("%d events; kept: message %d, head %d, control %d bytes", len(r.events), cap(reader.message), cap(reader.head), cap(reader.control))
	}
}
