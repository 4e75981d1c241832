package transport

import (
	"bytes"
	"sync"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/hub"
)

// maxPooled is the largest capacity, in bytes, that a pooled buffer keeps.
const maxPooled = 256 << 10

// A format turns a message into a payload, or into none; see the packages below internal/protocol.
type format interface {
	Append(dst []byte, m *recado.Message) (payload []byte, kind recado.Kind, ok bool)
	AppendOwn(dst []byte, m *recado.Message) (payload []byte, kind recado.Kind, ok bool)
}

// An encoding is a wire format in WebSocket frames, compressed or not. Members with the same one share its bytes.
type encoding struct {
	format         format
	compressedFrom int       // bytes of payload
	deflaters      sync.Pool // of *deflater; nil New: not compressed
}

var _ hub.Encoding = (*encoding)(nil)

// newEncoding makes an encoding that compresses with a window of that many bits; 0 is no compression.
func newEncoding(f format, windowBits, compressedFrom int) *encoding {
	e := &encoding{format: f, compressedFrom: compressedFrom}
	if windowBits > 0 {
		e.deflaters.New = func() any {
			d, err := newDeflater(windowBits)
			if err != nil {
				panic(err) // windowBits is 8 to 15
			}
			return d
		}
	}
	return e
}

// headerSpace is at least what the header of an unmasked frame needs.
const headerSpace = ws.MaxHeaderSize

// Append appends m as one frame.
func (e *encoding) Append(dst []byte, m *recado.Message) []byte {
	payload, kind, ok := e.format.Append(append(dst, make([]byte, headerSpace)...), m)
	return e.frame(payload, len(dst), kind, ok)
}

// AppendOwn appends what the sender of m gets in its place as one frame.
func (e *encoding) AppendOwn(dst []byte, m *recado.Message) []byte {
	payload, kind, ok := e.format.AppendOwn(append(dst, make([]byte, headerSpace)...), m)
	return e.frame(payload, len(dst), kind, ok)
}

// Flush writes b to the members' connections, each by one system call where the connection allows it.
func (e *encoding) Flush(b *hub.Batch, to []*hub.Member) { flush(b, to) }

// frame makes what stands in dst behind the header's space, which begins at start, a frame; or nothing if not ok.
func (e *encoding) frame(dst []byte, start int, kind recado.Kind, ok bool) []byte {
	payload := dst[start+headerSpace:]
	dst = dst[:start]
	if !ok {
		return dst
	}
	op := ws.OpBinary
	if kind == recado.Text {
		op = ws.OpText
	}
	if e.deflaters.New != nil && len(payload) >= e.compressedFrom {
		d := e.deflaters.Get().(*deflater)
		defer e.putBack(d)
		if short := d.deflate(payload); short != nil {
			return appendFrame(dst, op, ws.Rsv(true, false, false), short)
		}
	}
	return appendFrame(dst, op, 0, payload) // its own bytes, moved to their place
}

func (e *encoding) putBack(d *deflater) {
	if d.out.Cap() > maxPooled {
		d.out = bytes.Buffer{}
	}
	e.deflaters.Put(d)
}

// appendFrame appends a final, unmasked frame.
func appendFrame(dst []byte, op ws.OpCode, rsv byte, payload []byte) []byte {
	w := appender{dst}
	// It fails only when the writer does.
	_ = ws.WriteHeader(&w, ws.Header{Fin: true, Rsv: rsv, OpCode: op, Length: int64(len(payload))})
	return append(w.bytes, payload...)
}

type appender struct{ bytes []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.bytes = append(a.bytes, p...)
	return len(p), nil
}
