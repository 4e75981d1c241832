package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"recado"
)

// A closeError ends a connection: the code goes to the client, why into the log.
type closeError struct {
	code recado.CloseCode
	why  string
}

func (e *closeError) Error() string { return e.why }

func failf(code recado.CloseCode, format string, args ...any) error {
	return &closeError{code: code, why: fmt.Sprintf(format, args...)}
}

// A frameHandler is told what a frameReader has read. The slices are valid during the call only.
// An error ends the reading.
type frameHandler interface {
	handleMessage(kind recado.Kind, data []byte) error
	handleControl(op ws.OpCode, payload []byte) error
}

// A frameReader parses a client's frames (RFC 6455, section 5) from whatever stretches of bytes arrive, and
// puts messages together. Between stretches it keeps only what is unfinished.
type frameReader struct {
	messageLimit  int
	fragmentLimit int
	deflate       bool // permessage-deflate was negotiated

	head    []byte // of an unfinished header
	frame   ws.Header
	pending bool  // inside frame's payload
	arrived int64 // payload bytes of frame so far
	more    bool  // bytes of another message have come
	control []byte

	kind       recado.Kind // of the message under way, 0 if there is none
	compressed bool
	fragments  int
	message    []byte
	text       utf8Checker
}

// frameReaders have nothing unfinished: idle connections share them.
//
//nolint:gochecknoglobals // one pool for all connections
var frameReaders = sync.Pool{New: func() any { return new(frameReader) }}

// rests reports whether nothing is unfinished.
func (f *frameReader) rests() bool { return !f.pending && f.kind == 0 && len(f.head) == 0 }

// feed reads p, which it may change: payloads are unmasked in place.
func (f *frameReader) feed(p []byte, h frameHandler) error {
	for {
		if !f.pending {
			rest, err := f.readHeader(p)
			if err != nil || !f.pending {
				return err
			}
			p = rest
		}
		n := int(min(f.frame.Length-f.arrived, int64(len(p))))
		chunk := p[:n]
		p = p[n:]
		f.more = len(p) > 0 && !ws.OpCode(p[0]&0x0f).IsControl()
		ws.Cipher(chunk, f.frame.Mask, int(f.arrived%4))
		f.arrived += int64(n)
		f.pending = f.arrived < f.frame.Length
		var err error
		if f.frame.OpCode.IsControl() {
			err = f.readControl(chunk, h)
		} else {
			err = f.readData(chunk, h)
		}
		if err != nil || len(p) == 0 {
			return err
		}
	}
}

// readHeader consumes a header if p completes it, else keeps what there is.
func (f *frameReader) readHeader(p []byte) (rest []byte, err error) {
	source := bytes.NewReader(p)
	if len(f.head) > 0 {
		source = bytes.NewReader(append(f.head, p[:min(len(p), ws.MaxHeaderSize-len(f.head))]...))
	}
	size := source.Len()
	var scratch [ws.MaxHeaderSize - 2]byte
	frame, err := ws.ReadHeaderBuffer(source, scratch[:])
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		f.head = append(f.head, p...)
		return nil, nil
	case err != nil:
		return nil, failf(recado.CloseProtocol, "%v", err)
	case size-source.Len() != ws.HeaderSize(frame):
		return nil, failf(recado.CloseProtocol, "length not in its shortest form")
	}
	rest = p[ws.HeaderSize(frame)-len(f.head):]
	f.head = nil
	f.frame, f.arrived, f.pending = frame, 0, true
	return rest, f.checkHeader()
}

// checkHeader refuses what no later byte can make valid.
func (f *frameReader) checkHeader() error {
	h := f.frame
	state := ws.StateServerSide
	if f.kind != 0 {
		state = state.Set(ws.StateFragmented)
	}
	if f.deflate && h.Rsv == ws.Rsv(true, false, false) && (h.OpCode == ws.OpText || h.OpCode == ws.OpBinary) {
		state = state.Set(ws.StateExtended) // RFC 7692, section 6: the first frame of a compressed message
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return failf(recado.CloseProtocol, "%v", err)
	}
	if h.OpCode.IsControl() {
		return nil
	}
	if f.kind == 0 {
		f.begin()
	}
	if f.fragments++; f.fragments > f.fragmentLimit {
		return failf(recado.ClosePolicy, "more than %d fragments", f.fragmentLimit)
	}
	limit := f.messageLimit
	if f.compressed {
		limit += limit>>10 + 64 // what cannot be compressed grows a little
	}
	if h.Length > int64(limit-len(f.message)) {
		return failf(recado.CloseTooBig, "message of at least %d bytes, the limit is %d",
			uint64(len(f.message))+uint64(h.Length), f.messageLimit)
	}
	return nil
}

func (f *frameReader) begin() {
	f.kind = recado.Binary
	if f.frame.OpCode == ws.OpText {
		f.kind = recado.Text
	}
	f.compressed = f.frame.Rsv1()
	f.fragments = 0
	f.text = utf8Checker{}
}

func (f *frameReader) readControl(chunk []byte, h frameHandler) error {
	if f.pending || len(f.control) > 0 {
		f.control = append(f.control, chunk...)
		chunk = f.control
	}
	if f.pending {
		return nil
	}
	f.control = nil
	return h.handleControl(f.frame.OpCode, chunk)
}

func (f *frameReader) readData(chunk []byte, h frameHandler) error {
	last := f.frame.Fin && !f.pending
	if f.kind == recado.Text && !f.compressed && !f.text.check(chunk, last) {
		return failf(recado.CloseInvalidData, "text is not valid UTF-8")
	}
	if !last || len(f.message) > 0 {
		f.message = append(f.message, chunk...)
		chunk = f.message
	}
	if !last {
		return nil
	}
	kind, compressed := f.kind, f.compressed
	f.kind, f.message = 0, nil
	if compressed {
		return f.readCompressed(kind, chunk, h)
	}
	return h.handleMessage(kind, chunk)
}

// readCompressed inflates a whole message, which none of its frames could be checked for before.
func (f *frameReader) readCompressed(kind recado.Kind, data []byte, h frameHandler) error {
	in := inflaters.Get().(*inflater)
	defer in.putBack()
	plain, err := in.inflate(data, f.messageLimit)
	if err != nil {
		return err
	}
	if kind == recado.Text && !utf8.Valid(plain) {
		return failf(recado.CloseInvalidData, "text is not valid UTF-8")
	}
	return h.handleMessage(kind, plain)
}

// parseClose reads the payload of a close frame (RFC 6455, sections 5.5.1 and 7.4).
func parseClose(payload []byte) (code recado.CloseCode, reason string, err error) {
	switch len(payload) {
	case 0:
		return recado.CloseNoStatus, "", nil
	case 1:
		return 0, "", failf(recado.CloseProtocol, "close frame with a payload of one byte")
	}
	code = recado.CloseCode(binary.BigEndian.Uint16(payload))
	if !sendable(code) {
		return 0, "", failf(recado.CloseProtocol, "close code %d may not be sent", code)
	}
	if !utf8.Valid(payload[2:]) {
		return 0, "", failf(recado.CloseInvalidData, "close reason is not valid UTF-8")
	}
	return code, string(payload[2:]), nil
}

// sendable reports whether a close frame may carry the code: the registered ones, and those of libraries and
// applications.
func sendable(code recado.CloseCode) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014:
		return true
	}
	return code >= 3000 && code <= 4999
}
