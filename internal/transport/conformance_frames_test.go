package transport_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"unicode/utf8"
)

// The opcodes of RFC 6455, section 5.2. The tests spell the wire format out themselves: a mistake of the
// module that the server reads headers with must not hide in both.
const (
	continuation = 0x0
	text         = 0x1
	binaryData   = 0x2
	closeFrame   = 0x8
	ping         = 0x9
	pong         = 0xa
)

// What a server that fails a connection sends.
const (
	protocolError = "close 1002 protocol_error"
	invalidData   = "close 1007 invalid_data"
	policy        = "close 1008 policy"
	tooBig        = "close 1009 message_too_big"
	flood         = "close 4002 flood"
)

const mask = "\x37\xfa\x21\x3d"

// final is a masked frame, as clients send it, that ends its message.
func final(opcode byte, payload string) string {
	return header(0x80|opcode, len(payload)) + masked(payload)
}

// part is a masked frame that more of the message follows.
func part(opcode byte, payload string) string { return header(opcode, len(payload)) + masked(payload) }

// header is a masked frame up to its payload.
func header(first byte, length int) string {
	head := []byte{first, 0x80}
	switch {
	case length < 126:
		head[1] |= byte(length)
	case length <= 0xffff:
		head = binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(length))
	default:
		head = binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, uint64(length))
	}
	return string(head) + mask
}

func masked(payload string) string {
	b := []byte(payload)
	for i := range b {
		b[i] ^= mask[i%4]
	}
	return string(b)
}

// unmasked is a whole frame as only servers may send it.
func unmasked(opcode byte, payload string) string {
	return string([]byte{0x80 | opcode, byte(len(payload))}) + payload
}

// rsv sets reserved bits of a frame: 4 is RSV1, 2 RSV2, 1 RSV3.
func rsv(bits byte, frame string) string { return string([]byte{frame[0] | bits<<4}) + frame[1:] }

// closing is a masked close frame.
func closing(code int, reason string) string {
	return final(closeFrame, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

// fragmented is a message in frames of at most size bytes of payload.
func fragmented(opcode byte, payload string, size int) string {
	var b strings.Builder
	for len(payload) > size {
		b.WriteString(part(opcode, payload[:size]))
		opcode, payload = continuation, payload[size:]
	}
	b.WriteString(final(opcode, payload))
	return b.String()
}

// next reads a frame and shows it. It insists on what holds for every frame of this server: not masked, not
// fragmented, its length in the shortest form. A compressed message is inflated in no more than the window.
func (p *peer) next() (string, error) {
	first, payload, err := p.readFrame()
	switch {
	case err != nil:
		return "", err
	case first == 0xc0|text, first == 0xc0|binaryData:
		p.compressed++
		plain, err := inflate(payload, p.window)
		if err != nil {
			return "", fmt.Errorf("inflate: %w", err)
		}
		return show(first&0xf, string(plain)), nil
	case first&0xf0 != 0x80:
		return "", fmt.Errorf("frame begins with %#x", first)
	}
	return show(first&0xf, string(payload)), nil
}

func (p *peer) readFrame() (first byte, payload []byte, err error) {
	var head [10]byte
	if _, err = io.ReadFull(p.in, head[:2]); err != nil {
		return 0, nil, err
	}
	length, shortest := uint64(head[1]), uint64(0)
	switch {
	case head[1] > 127:
		return 0, nil, fmt.Errorf("masked frame %x", head[:2])
	case head[1] == 126:
		_, err = io.ReadFull(p.in, head[2:4])
		length, shortest = uint64(binary.BigEndian.Uint16(head[2:])), 126
	case head[1] == 127:
		_, err = io.ReadFull(p.in, head[2:10])
		length, shortest = binary.BigEndian.Uint64(head[2:]), 1<<16
	}
	switch {
	case err != nil:
		return 0, nil, err
	case length < shortest, length > 17<<20:
		return 0, nil, fmt.Errorf("frame with a length of %x", head)
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(p.in, payload)
	return head[0], payload, err
}

// says is a message as next shows it.
func says(opcode byte, payload string) string { return show(opcode, payload) }

// show makes a frame comparable and readable: the kind, and what is in it or, if that is long, its sum.
func show(opcode byte, payload string) string {
	kind := map[byte]string{text: "text", binaryData: "binary", ping: "ping", pong: "pong", closeFrame: "close"}[opcode]
	switch {
	case kind == "":
		kind = fmt.Sprintf("opcode %#x", opcode)
	case opcode == closeFrame && len(payload) >= 2:
		kind = fmt.Sprintf("close %d", binary.BigEndian.Uint16([]byte(payload)))
		payload = payload[2:]
	}
	switch {
	case payload == "":
		return kind
	case opcode == text && !utf8.ValidString(payload):
		return fmt.Sprintf("%s that is no UTF-8: %x", kind, payload)
	case len(payload) > 100:
		return fmt.Sprintf("%s of %d bytes, sum %08x", kind, len(payload), crc32.ChecksumIEEE([]byte(payload)))
	}
	return kind + " " + payload
}
