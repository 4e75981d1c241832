package loadgen

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gobwas/ws"
)

// A Protocol is what the members speak.
type Protocol string

// The protocols.
const (
	Raw Protocol = "raw"       // a message is the payload of a frame
	V1  Protocol = "recado.v1" // it is the text in a frame of JSON
	SSE Protocol = "sse"       // it is the text in an event of JSON, and is published by POST
)

// Protocols are those that there are.
func Protocols() []Protocol { return []Protocol{Raw, V1, SSE} }

// What a member says in recado.v1. A message has the identity as its id, since every client's has one.
const (
	hello       = `{"type":"hello"}`
	publishID   = `{"type":"publish","id":"`
	publishText = `","text":"`
	publishEnd  = `"}`
)

// A message as a server usually writes it has its text at the end.
const (
	messageStart = `{"type":"message",`
	messageText  = `,"text":"`
	messageEnd   = `"}`
)

// What a server's frame of JSON may have besides the message, and a frame without one, such as the list of all members.
const (
	messageExtra = 4 << 10
	largestEvent = 1 << 20
)

// newWrappedPattern is for protocols in which a message is the text in JSON.
func newWrappedPattern(size int, speaks Protocol) pattern {
	p := newPattern(size, ws.OpText)
	p.speaks, p.largest = speaks, max(size+messageExtra, largestEvent)
	return p
}

// publish is the frame that says payload, whose first 8 bytes are the identity.
func publish(payload []byte) []byte {
	return slices.Concat([]byte(publishID), payload[:8], []byte(publishText), payload, []byte(publishEnd))
}

// usual returns the text of the message that b begins with, and where its frame or chunk ends: 0 if it has not come
// whole, or is not what a server usually sends.
func (p *pattern) usual(b []byte) (text []byte, end int) {
	if p.speaks == SSE {
		return p.usualChunk(b)
	}
	if len(b) < 10 || b[0] != 0x80|byte(ws.OpText) {
		return nil, 0
	}
	start, length := 2, uint64(b[1])
	switch length { // RFC 6455, section 5.2
	case 126:
		start, length = 4, uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		start, length = 10, binary.BigEndian.Uint64(b[2:])
	}
	around := len(messageStart) + len(messageText) + len(messageEnd)
	if b[1] > 127 || length > uint64(len(b)-start) || length < uint64(p.size+around) { // above 127 is a mask
		return nil, 0
	}
	end = start + int(length)
	from := end - len(messageEnd) - p.size
	if string(b[start:start+len(messageStart)]) != messageStart ||
		string(b[from-len(messageText):from]) != messageText || string(b[from+p.size:end]) != messageEnd {
		return nil, 0
	}
	return b[from : from+p.size], end
}

// An event is what a member needs to know of a frame of JSON.
type event struct {
	Type, Text, Code, Message string
}

// unwrap returns the message in the payload of a frame or the data of an event; is says whether there is one.
func (p *pattern) unwrap(payload []byte) (message []byte, is bool, err error) {
	if p.speaks == Raw {
		return payload, true, nil
	}
	if rest, as := bytes.CutPrefix(payload, []byte(`{"type":"`)); as {
		switch kind, _, _ := bytes.Cut(rest, []byte(`"`)); string(kind) {
		case "message", "error":
		default: // acks and presence come by the thousand
			return nil, false, nil
		}
	}
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, false, fmt.Errorf("a frame from the server that is not of %s: %w", p.speaks, err)
	}
	if e.Type == "error" && e.Code != "rate_limited" { // which only says that it reads more slowly
		return nil, false, fmt.Errorf("the server refuses a frame: %s: %s", e.Code, e.Message)
	}
	return []byte(e.Text), e.Type == "message", nil
}
