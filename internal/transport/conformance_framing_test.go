package transport_test

import (
	"fmt"
	"strings"
	"testing"

	"recado"
	"recado/internal/transport"
)

// want is what must come back, as show shows it.
type want = []string

// The numbers in the names are those of the cases of the Autobahn test suite that a probe corresponds to.

func TestFraming(t *testing.T) {
	everySocket(t, transport.Config{}, func(t *testing.T, s *server) {
		t.Helper()
		probes := map[string]probe{}
		for i, size := range []int{0, 125, 126, 127, 128, 65535, 65536} {
			words, bytes := strings.Repeat("*", size), strings.Repeat("\xfe", size)
			probes[fmt.Sprintf("1.1.%d text of %d bytes", i+1, size)] = probe{final(text, words), want{says(text, words)}}
			probes[fmt.Sprintf("1.2.%d binary of %d bytes", i+1, size)] = probe{final(binaryData, bytes), want{says(binaryData, bytes)}}
		}
		s.run(t, probes, 997) // the last cases of both series
	})
}

func TestFramingByteByByte(t *testing.T) {
	s := newServer(t, transport.Config{})
	s.run(t, map[string]probe{
		"empty text":          {final(text, ""), want{"text"}},
		"text of 125 bytes":   {final(text, strings.Repeat("a", 125)), want{says(text, strings.Repeat("a", 125))}},
		"text of 126 bytes":   {final(text, strings.Repeat("a", 126)), want{says(text, strings.Repeat("a", 126))}},
		"binary of 128 bytes": {final(binaryData, strings.Repeat("\x80", 128)), want{says(binaryData, strings.Repeat("\x80", 128))}},
		"three at once":       {final(text, "1") + final(text, "2") + final(binaryData, "3"), want{"text 1", "text 2", "binary 3"}},
	}, 1)
}

func TestPings(t *testing.T) {
	s := newServer(t, transport.Config{})
	bytes := "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
	full := strings.Repeat("\xfe", 125)
	var ten strings.Builder
	var tenPongs want
	for i := range 10 {
		ten.WriteString(final(ping, fmt.Sprint("payload-", i)))
		tenPongs = append(tenPongs, fmt.Sprint("pong payload-", i))
	}
	s.run(t, map[string]probe{
		"2.1 ping without payload":        {final(ping, ""), want{"pong"}},
		"2.2 ping with text":              {final(ping, "Hello, world!"), want{"pong Hello, world!"}},
		"2.3 ping with bytes":             {final(ping, bytes), want{says(pong, bytes)}},
		"2.4 ping of 125 bytes":           {final(ping, full), want{says(pong, full)}},
		"2.5 ping of 126 bytes":           {final(ping, full+"\xfe"), want{protocolError}},
		"ping of 65536 bytes":             {header(0x80|ping, 65536), want{protocolError}},
		"2.7 pong without payload":        {final(pong, ""), nil},
		"2.8 pong with payload":           {final(pong, "unsolicited pong payload"), nil},
		"2.9 pong, then ping":             {final(pong, "unsolicited") + final(ping, "ping payload"), want{"pong ping payload"}},
		"2.10 ten pings":                  {ten.String(), tenPongs},
		"pings keep their place":          {final(text, "a") + final(ping, "b") + final(text, "c"), want{"text a", "pong b", "text c"}},
		"pong of 126 bytes":               {final(pong, full+"\xfe"), want{protocolError}},
		"a ping's bytes need not be text": {final(ping, "\xff"), want{says(pong, "\xff")}},
	}, 1)
}

func TestReservedBits(t *testing.T) {
	s := newServer(t, transport.Config{})
	probes := map[string]probe{
		"3.1 RSV3 in text":            {rsv(1, final(text, "Hello, world!")), want{protocolError}},
		"3.2 RSV2 in the second text": {final(text, "first") + rsv(2, final(text, "second")) + final(ping, ""), want{"text first", protocolError}},
		"3.4 RSV2 and 3 in text":      {final(text, "first") + rsv(3, final(text, "second")) + final(ping, ""), want{"text first", protocolError}},
		"3.5 RSV1 and 3 in binary":    {rsv(5, final(binaryData, "\x00\xff")), want{protocolError}},
		"3.6 RSV1 and 2 in ping":      {rsv(6, final(ping, "Hello, world!")), want{protocolError}},
		"3.7 all in close":            {rsv(7, closing(1000, "")), want{protocolError}},
		"in pong":                     {rsv(1, final(pong, "")), want{protocolError}},
		"in the first fragment":       {rsv(2, part(text, "a")), want{protocolError}},
		"in the last fragment":        {part(text, "a") + rsv(2, final(continuation, "b")), want{protocolError}},
		"in a ping between fragments": {part(text, "a") + rsv(2, final(ping, "b")), want{protocolError}},
	}
	for bits := byte(1); bits < 8; bits++ {
		probes[fmt.Sprintf("bits %03b", bits)] = probe{rsv(bits, final(text, "a")), want{protocolError}}
	}
	s.run(t, probes, 1)
}

func TestReservedOpcodes(t *testing.T) {
	s := newServer(t, transport.Config{})
	probes := map[string]probe{}
	for _, opcode := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		for name, payload := range map[string]string{"empty": "", "with payload": "reserved opcode payload"} {
			probes[fmt.Sprintf("4 opcode %d, %s", opcode, name)] = probe{final(opcode, payload), want{protocolError}}
			probes[fmt.Sprintf("4 opcode %d after text, %s", opcode, name)] = probe{
				final(text, "Hello, world!") + final(opcode, payload) + final(ping, ""), want{"text Hello, world!", protocolError},
			}
		}
		probes[fmt.Sprintf("opcode %d as a fragment", opcode)] = probe{part(opcode, "a"), want{protocolError}}
		probes[fmt.Sprintf("opcode %d between fragments", opcode)] = probe{part(text, "a") + final(opcode, "b"), want{protocolError}}
	}
	s.run(t, probes, 1)
}

func TestFragments(t *testing.T) {
	s := newServer(t, transport.Config{})
	five := part(text, "fragment1") + part(continuation, "fragment2") + final(ping, "pongme 1!") +
		part(continuation, "fragment3") + part(continuation, "fragment4") + final(ping, "pongme 2!") + final(continuation, "fragment5")
	s.run(t, map[string]probe{
		"5.1 ping in fragments":              {part(ping, "fragment1") + final(continuation, "fragment2"), want{protocolError}},
		"5.2 pong in fragments":              {part(pong, "fragment1") + final(continuation, "fragment2"), want{protocolError}},
		"close in fragments":                 {part(closeFrame, "\x03\xe8") + final(continuation, ""), want{protocolError}},
		"5.3 text in two":                    {part(text, "fragment1") + final(continuation, "fragment2"), want{"text fragment1fragment2"}},
		"5.6 ping between":                   {part(text, "fragment1") + final(ping, "between") + final(continuation, "fragment2"), want{"pong between", "text fragment1fragment2"}},
		"pong between":                       {part(text, "fragment1") + final(pong, "between") + final(continuation, "fragment2"), want{"text fragment1fragment2"}},
		"5.9 final continuation of nothing":  {final(continuation, "continuation") + final(text, "Hello"), want{protocolError}},
		"5.12 open continuation of nothing":  {part(continuation, "continuation") + final(text, "Hello"), want{protocolError}},
		"5.15 continuation after the end":    {part(text, "fragment1") + final(continuation, "fragment2") + part(continuation, "fragment3") + final(text, "fragment4"), want{"text fragment1fragment2", protocolError}},
		"5.16 open continuation, then text":  {part(continuation, "fragment1") + part(text, "fragment2") + final(continuation, "fragment3"), want{protocolError}},
		"5.17 final continuation, then text": {final(continuation, "fragment1") + part(text, "fragment2") + final(continuation, "fragment3"), want{protocolError}},
		"5.18 text within text":              {part(text, "fragment1") + final(text, "fragment2"), want{protocolError}},
		"binary within text":                 {part(text, "fragment1") + part(binaryData, "fragment2"), want{protocolError}},
		"5.19 five, and two pings":           {five, want{"pong pongme 1!", "pong pongme 2!", "text fragment1fragment2fragment3fragment4fragment5"}},
		"binary in three":                    {part(binaryData, "\x01") + part(continuation, "\x02") + final(continuation, "\x03"), want{"binary \x01\x02\x03"}},
		"empty ones":                         {part(text, "") + part(continuation, "") + final(continuation, ""), want{"text"}},
		"last one empty":                     {part(binaryData, "a") + final(continuation, ""), want{"binary a"}},
		"close between":                      {part(text, "fragment1") + closing(1000, "") + final(continuation, "fragment2"), want{"close 1000"}},
		"a message after a fragmented one":   {part(text, "a") + final(continuation, "b") + final(binaryData, "c"), want{"text ab", "binary c"}},
	}, 1)
}

func TestMaskAndLength(t *testing.T) {
	s := newServer(t, transport.Config{})
	tail := strings.Repeat("\x00", 8)
	s.run(t, map[string]probe{
		"unmasked text":               {unmasked(text, "Hello"), want{protocolError}},
		"unmasked empty text":         {unmasked(text, ""), want{protocolError}},
		"unmasked ping":               {unmasked(ping, ""), want{protocolError}},
		"unmasked close":              {unmasked(closeFrame, "\x03\xe8"), want{protocolError}},
		"unmasked continuation":       {part(text, "a") + unmasked(continuation, "b"), want{protocolError}},
		"length with its top bit set": {"\x82\xff\x80" + tail[:7] + mask, want{protocolError}},
		"every length bit set":        {"\x82\xff" + strings.Repeat("\xff", 8) + mask, want{protocolError}},
		"2^62":                        {"\x82\xff\x40" + tail[:7] + mask, want{tooBig}},
		"2^62 in a ping":              {"\x89\xff\x40" + tail[:7] + mask, want{protocolError}},
		"2^62 after a fragment":       {part(text, "a") + "\x80\xff\x40" + tail[:7] + mask, want{tooBig}},
		"2^63-1":                      {"\x82\xff\x7f" + strings.Repeat("\xff", 7) + mask, want{tooBig}},
		"16 bits where 7 are enough":  {"\x82\xfe\x00\x05" + mask + masked("Hello"), want{protocolError}},
		"64 bits where 16 are enough": {"\x82\xff" + tail[:6] + "\x01\x00" + mask + masked(strings.Repeat("a", 256)), want{protocolError}},
	}, 1)
}

// One byte more than the limit is refused when the header has come, without waiting for the payload.
func TestTooBig(t *testing.T) {
	s := newServer(t, transport.Config{Limits: recado.Limits{MessageSize: 1000}})
	most := strings.Repeat("a", 1000)
	s.run(t, map[string]probe{
		"as much as may be":             {final(text, most), want{says(text, most)}},
		"one byte more":                 {header(0x80|text, 1001), want{tooBig}},
		"in fragments":                  {part(text, most[:999]) + final(continuation, "a"), want{says(text, most)}},
		"one byte more in fragments":    {part(text, most[:999]) + header(continuation, 2), want{tooBig}},
		"empty fragments at the limit":  {part(text, most) + part(continuation, "") + final(continuation, ""), want{says(text, most)}},
		"a ping beside a full message":  {part(text, most) + final(ping, "b") + final(continuation, ""), want{"pong b", says(text, most)}},
		"another message starts at nil": {final(text, most) + final(text, most), want{says(text, most), says(text, most)}},
	}, 1)
}
