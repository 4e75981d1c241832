package loadgen

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"

	"github.com/gobwas/ws"
)

const maxSenders = 1 << 16 // 16 of the identity's 48 bits

// A pattern is what all messages of one run have in common. A payload is printable ASCII, so that it may be
// sent as text, which JSON need not escape: 8 characters of identity (sender and number), then 8 that mark the run,
// then filler.
type pattern struct {
	opcode  ws.OpCode
	size    int
	largest int    // payload that a server may send, in bytes
	header  []byte // of the frame as a server sends it
	prefix  uint32 // the header, if it is no longer than that; else 0
	mask    uint32 // of the prefix's bytes
	rest    []byte // of the payload, after the identity
	speaks  Protocol
}

// foreignSize bounds messages that are not ours.
const foreignSize = 64 << 10

func newPattern(size int, opcode ws.OpCode) pattern {
	p := pattern{speaks: Raw, opcode: opcode, size: size, largest: max(size, foreignSize), header: frameHeader(opcode, size, false)}
	if len(p.header) <= 4 {
		p.mask = ^uint32(0) >> (32 - 8*len(p.header))
		p.prefix = binary.LittleEndian.Uint32(append(p.header, 0, 0)) & p.mask
	}
	p.rest = binary.LittleEndian.AppendUint64(nil, spread(rand.Uint64()>>16))
	for i := range size - MinSize {
		p.rest = append(p.rest, 'a'+byte(i%26))
	}
	return p
}

// starts says whether b, of at least a whole frame, starts with one of this run's messages.
func (p *pattern) starts(b []byte) bool {
	return binary.LittleEndian.Uint32(b)&p.mask == p.prefix && p.prefix != 0
}

// clientFrame is a whole WebSocket frame whose identity is not set yet. The masking key is zero, which RFC 6455 allows
// and which leaves the payload as it is.
func (p *pattern) clientFrame() []byte {
	payload := append(make([]byte, 8), p.rest...)
	if p.speaks == V1 {
		payload = publish(payload)
	}
	return append(frameHeader(p.opcode, len(payload), true), payload...)
}

// identify sets the identity in a frame that clientFrame made, or in a request to publish.
func (p *pattern) identify(frame []byte, sender int, number uint32) {
	identity := spread(uint64(sender)<<32 | uint64(number))
	end := len(frame)
	if p.speaks == V1 {
		end -= len(publishEnd)
		binary.LittleEndian.PutUint64(frame[end-p.size-len(publishText)-8:], identity) // its id
	}
	binary.LittleEndian.PutUint64(frame[end-p.size:], identity)
}

// read takes a payload apart; ok is false if it is no message of this run.
func (p *pattern) read(payload []byte) (sender int, number uint32, ok bool) {
	if len(payload) != p.size || !bytes.Equal(payload[8:], p.rest) {
		return 0, 0, false
	}
	identity, ok := gather(binary.LittleEndian.Uint64(payload))
	return int(identity >> 32), uint32(identity), ok
}

// hear notes a payload that a member has received.
func (p *pattern) hear(to *ledger, member int, payload []byte) {
	if sender, number, ok := p.read(payload); ok {
		to.hear(member, sender, number)
	} else {
		to.foreign++
	}
}

// frameHeader has, if masked, a zero masking key.
func frameHeader(opcode ws.OpCode, size int, masked bool) []byte {
	var header bytes.Buffer
	if err := ws.WriteHeader(&header, ws.Header{Fin: true, OpCode: opcode, Masked: masked, Length: int64(size)}); err != nil {
		panic(err) // the length is positive and the buffer takes everything
	}
	return header.Bytes()
}

// Eight times a byte.
const (
	ones   = 0x0101010101010101
	lowest = 0x3c * ones // '<', the first of the characters that spread writes
)

// spread writes 48 bits as eight characters of six bits each, '<' to '|' without the backslash, the first being the
// lowest.
func spread(x uint64) uint64 {
	x = x&0xffffff | x>>24<<32
	x = x&0x00000fff_00000fff | x<<4&0x0fff0000_0fff0000
	x = x&0x003f003f_003f003f | x<<2&0x3f003f00_3f003f00
	return x + lowest + x>>5&ones // the upper half begins behind the backslash
}

// gather undoes spread.
func gather(written uint64) (uint64, bool) {
	x := written - lowest
	x -= (x + 0x1f*ones) >> 6 & ones
	x = x&0x003f003f_003f003f | x>>2&0x0fc00fc0_0fc00fc0
	x = x&0x00000fff_00000fff | x>>4&0x00fff000_00fff000
	x = x&0xffffff | x>>32<<24
	return x, spread(x) == written
}
