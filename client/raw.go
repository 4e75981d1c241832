package client

import (
	"bytes"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"recado"
)

// The raw protocol: one message is one WebSocket message of its kind, with nothing around it.

// checkMessage reports why data cannot be sent.
func checkMessage(kind recado.Kind, data []byte, limit int) error {
	switch {
	case len(data) > limit:
		return ErrTooBig
	case kind == recado.Text && !utf8.Valid(data):
		return ErrNotUTF8
	}
	return nil
}

// encodeRaw writes the frame of a message.
func encodeRaw(b *bytes.Buffer, m outgoing) {
	op := ws.OpText
	if m.kind == recado.Binary {
		op = ws.OpBinary
	}
	writeFrame(b, op, m.data)
}

// decodeRaw makes an event of a message that the server sent.
func decodeRaw(op ws.OpCode, data []byte) Event {
	if op == ws.OpBinary {
		return Message{Kind: recado.Binary, Data: data}
	}
	return Message{Kind: recado.Text, Data: data}
}
