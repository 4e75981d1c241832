package transport

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/protocol/ndjson"
	"recado/internal/protocol/sse"
)

// A wire is how a kind of connection frames what is no message.
type wire interface {
	// protocol is what is spoken, unless it is recado.v1.
	protocol() string
	// ping is what a silent client is sent; nil for nothing.
	ping() []byte
	// goodbye is the last that is sent.
	goodbye(code recado.CloseCode, reason string) []byte
	// border is the offset of the first end of a unit at or after offset, in our own bytes, which begin at one. It is
	// called in a flush, for batches of thousands of units.
	border(units []byte, offset int) int
}

// webSocketWire is RFC 6455.
type webSocketWire struct{}

func (webSocketWire) protocol() string { return "raw" }

func (webSocketWire) ping() []byte { return appendFrame(nil, ws.OpPing, 0, nil) }

func (webSocketWire) goodbye(code recado.CloseCode, reason string) []byte {
	return closeFrame(code, reason)
}

func (webSocketWire) border(frames []byte, offset int) int {
	end := 0
	for end < offset {
		switch n := frames[end+1]; n { // RFC 6455, section 5.2; we send no masks
		case 126:
			end += 4 + int(binary.BigEndian.Uint16(frames[end+2:]))
		case 127:
			end += 10 + int(binary.BigEndian.Uint64(frames[end+2:]))
		default:
			end += 2 + int(n)
		}
	}
	return end
}

// chunkWire is the chunked transfer coding of HTTP (RFC 9112, section 7.1), in which a stream's units are a chunk each.
type chunkWire struct{ units streamFormat }

func (w chunkWire) protocol() string {
	switch w.units.(type) {
	case sse.Format:
		return "sse"
	case ndjson.Format:
		return "ndjson"
	default:
		return "text"
	}
}

func (w chunkWire) ping() []byte { return appendChunk(nil, w.units.Ping(nil)) }

// goodbye is the last chunk: the client sees that the stream has ended and was not cut.
func (chunkWire) goodbye(recado.CloseCode, string) []byte { return []byte("0\r\n\r\n") }

func (chunkWire) border(chunks []byte, offset int) int {
	end := 0
	for end < offset {
		digits := bytes.IndexByte(chunks[end:], '\r')
		size, err := strconv.ParseUint(string(chunks[end:end+digits]), 16, 31)
		if err != nil {
			panic(err) // the chunks are our own
		}
		end += digits + 2 + int(size) + 2
	}
	return end
}

// appendChunk appends one chunk, or nothing if it has no bytes: an empty one would end the stream.
func appendChunk(dst, unit []byte) []byte {
	if len(unit) == 0 {
		return dst
	}
	dst = append(strconv.AppendUint(dst, uint64(len(unit)), 16), "\r\n"...)
	return append(append(dst, unit...), "\r\n"...)
}
