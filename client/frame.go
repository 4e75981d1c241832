package client

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"recado"
)

// A protocolError is a mistake of the server's in what it sent; code is what to close the connection with.
type protocolError struct {
	code recado.CloseCode
	why  string
}

func (e *protocolError) Error() string {
	return fmt.Sprintf("the server broke the WebSocket protocol (%d): %s", e.code, e.why)
}

// writeFrame writes a final frame, masked as a client's must be. It leaves payload alone.
func writeFrame(b *bytes.Buffer, op ws.OpCode, payload []byte) {
	header := ws.Header{Fin: true, OpCode: op, Masked: true, Mask: ws.NewMask(), Length: int64(len(payload))}
	// Writing to memory cannot fail, and the header is one that can be written.
	_ = ws.WriteHeader(b, header)
	start := b.Len()
	b.Write(payload)
	ws.Cipher(b.Bytes()[start:], header.Mask, 0)
}

// closePayload is the body of a close frame (RFC 6455, section 5.5.1).
func closePayload(code recado.CloseCode) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), code.Reason()...)
}

// parseClose reads the body of a close frame. It takes every code that an endpoint may send, 1012 to 1014 too.
func parseClose(payload []byte) (*CloseError, error) {
	if len(payload) == 0 {
		return &CloseError{Code: recado.CloseNoStatus}, nil
	}
	if len(payload) < 2 {
		return nil, &protocolError{recado.CloseProtocol, "half a close code"}
	}
	code, reason := recado.CloseCode(binary.BigEndian.Uint16(payload)), payload[2:]
	if !sendable(code) {
		return nil, &protocolError{recado.CloseProtocol, fmt.Sprintf("close code %d", code)}
	}
	if !utf8.Valid(reason) {
		return nil, &protocolError{recado.CloseInvalidData, "a close reason that is not UTF-8"}
	}
	return &CloseError{Code: code, Reason: string(reason)}, nil
}

// sendable tells the codes that a close frame may have (RFC 6455, section 7.4, and the IANA registry).
func sendable(code recado.CloseCode) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014, code >= 3000 && code <= 4999:
		return true
	}
	return false
}

// A frameReader makes messages of a server's frames.
type frameReader struct {
	from    io.Reader // buffered
	limit   int       // of one message, in bytes
	scratch [ws.MaxHeaderSize]byte
	op      ws.OpCode // of the message under way; 0: none
	message bytes.Buffer
}

// next returns the next control frame, or the next message that is complete, whose data is the caller's.
func (r *frameReader) next() (ws.OpCode, []byte, error) {
	for {
		header, err := ws.ReadHeaderBuffer(r.from, r.scratch[:])
		switch {
		case errors.Is(err, ws.ErrHeaderLengthMSB):
			return 0, nil, &protocolError{recado.CloseProtocol, err.Error()}
		case err != nil:
			return 0, nil, err
		}
		if err = r.check(header); err != nil {
			return 0, nil, err
		}
		if header.OpCode.IsControl() {
			payload := make([]byte, header.Length)
			_, err = io.ReadFull(r.from, payload)
			return header.OpCode, payload, err
		}
		if header.OpCode != ws.OpContinuation {
			r.op = header.OpCode
			if header.Fin && header.Length <= readBuffer { // nearly all of them
				data := make([]byte, header.Length)
				if _, err = io.ReadFull(r.from, data); err != nil {
					return 0, nil, err
				}
				return r.complete(data)
			}
		}
		// CopyN lets the buffer grow as bytes arrive: the length alone is only a claim.
		if _, err = io.CopyN(&r.message, r.from, header.Length); err != nil {
			return 0, nil, err
		}
		if header.Fin {
			data := bytes.Clone(r.message.Bytes())
			if r.message.Cap() > 64<<10 {
				r.message = bytes.Buffer{} // one big message is no reason to keep its memory
			}
			r.message.Reset()
			return r.complete(data)
		}
	}
}

func (r *frameReader) check(h ws.Header) error {
	state := ws.StateClientSide
	if r.op != 0 {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return &protocolError{recado.CloseProtocol, err.Error()}
	}
	if h.OpCode.IsData() && h.Length > int64(r.limit-r.message.Len()) {
		return &protocolError{recado.CloseTooBig, fmt.Sprintf("a message of more than %d bytes", r.limit)}
	}
	return nil
}

func (r *frameReader) complete(data []byte) (ws.OpCode, []byte, error) {
	op := r.op
	r.op = 0
	if op == ws.OpText && !utf8.Valid(data) {
		return 0, nil, &protocolError{recado.CloseInvalidData, "text that is not UTF-8"}
	}
	return op, data, nil
}
