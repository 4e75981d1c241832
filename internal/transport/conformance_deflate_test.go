package transport_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"strings"
	"testing"

	"recado"
	"recado/internal/transport"
)

// deflating joins a room of its own with echo, and with this offer.
func (s *server) deflating(t *testing.T, offer string, windowBits int) *peer {
	t.Helper()
	path := fmt.Sprintf("/alone-%d?echo", s.rooms.Add(1))
	p := s.join(t, path, "Sec-WebSocket-Extensions: "+offer+"\r\n", "")
	if p.answer.Header.Get("Sec-WebSocket-Extensions") == "" {
		t.Fatalf("the offer %q was declined", offer)
	}
	p.window = windowBits
	return p
}

// deflated is a compressed message in one frame.
func deflated(opcode byte, plain string) string {
	return rsv(4, final(opcode, compress(plain, flate.DefaultCompression)))
}

// samples are payloads of different kinds; each has n bytes.
var samples = map[string]func(n int) (byte, string){
	"one letter": func(n int) (byte, string) { return text, strings.Repeat("*", n) },
	"words":      func(n int) (byte, string) { return text, cut(words(n), n) },
	"JSON":       func(n int) (byte, string) { return text, cut(lines(n), n) },
	"bytes":      func(n int) (byte, string) { return binaryData, strings.Repeat("\x00\xff\x7f", n/3+1)[:n] },
	"random":     func(n int) (byte, string) { return binaryData, noise(n) },
	// Every stretch comes again, at growing distances: the best matches lie outside of small windows.
	"far repeats": func(n int) (byte, string) { return binaryData, repeats(n) },
}

func cut(s string, n int) string { return strings.ToValidUTF8(s[:n], "?") }

func words(n int) string {
	var b strings.Builder
	list := strings.Fields("o vento da noite gira no céu e canta; posso escrever os versos mais tristes esta noite")
	for i := 0; b.Len() < n; i++ {
		b.WriteString(list[(i*i+i/7)%len(list)])
		b.WriteByte(' ')
	}
	return b.String()
}

func lines(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"id":%d,"name":"sensor-%d","value":%d.%d,"ok":%t}`+"\n", i, i%17, i*7919%1000, i%10, i%3 == 0)
	}
	return b.String()
}

func repeats(n int) string {
	var b strings.Builder
	for i := 1; b.Len() < n; i++ {
		block := noise(40 + i)
		b.WriteString(block + noise(30*i) + block)
	}
	return b.String()[:n]
}

func TestDeflate(t *testing.T) {
	s := newServer(t, transport.Config{Compress: true, Limits: recado.Limits{MessageSize: 128 << 10}})
	for kind, sample := range samples {
		for i, size := range []int{16, 64, 256, 1 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10} {
			t.Run(fmt.Sprintf("12.%d %s of %d bytes", i+1, kind, size), func(t *testing.T) {
				p := s.deflating(t, "permessage-deflate", 15)
				opcode, plain := sample(size)
				times, frame := max(2, 200>>i), deflated(opcode, plain)
				for range times {
					p.send(t, frame)
					p.expect(t, says(opcode, plain))
				}
				if want := times; size >= 512 && kind != "random" && kind != "far repeats" && p.compressed != want {
					t.Errorf("%d of %d messages came back compressed", p.compressed, want)
				}
				if size < 512 && p.compressed > 0 {
					t.Errorf("%d messages of %d bytes came back compressed", p.compressed, size)
				}
			})
		}
	}
}

// Whatever window a client has: it can inflate what it is sent, and that is compressed.
func TestDeflateWindows(t *testing.T) {
	s := newServer(t, transport.Config{Compress: true, Limits: recado.Limits{MessageSize: 128 << 10}})
	for bits := 8; bits <= 15; bits++ {
		t.Run(fmt.Sprintf("13 %d bits", bits), func(t *testing.T) {
			p := s.deflating(t, fmt.Sprintf("permessage-deflate; server_max_window_bits=%d", bits), bits)
			for kind, sample := range samples {
				for _, size := range []int{16, 600, 5000, 70_000} {
					opcode, plain := sample(size)
					before := p.compressed
					p.send(t, deflated(opcode, plain))
					p.expect(t, says(opcode, plain))
					if (kind == "JSON" || kind == "words") && size > 600 && p.compressed == before {
						t.Errorf("%d bytes of %s do not come back compressed", size, kind)
					}
				}
			}
		})
		for name, offer := range map[string]string{
			"without takeover":            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=%d",
			"client's bits":               "permessage-deflate; client_max_window_bits; server_max_window_bits=%d",
			"client's bits, with a value": "permessage-deflate; client_max_window_bits=9; server_max_window_bits=%d",
			"quoted":                      `permessage-deflate; server_max_window_bits="%d"`,
			"the last choice":             "mux, permessage-deflate; server_max_window_bits=16, permessage-deflate; server_max_window_bits=%d",
		} {
			t.Run(fmt.Sprintf("13 %d bits, %s", bits, name), func(t *testing.T) {
				p := s.deflating(t, fmt.Sprintf(offer, bits), bits)
				opcode, plain := samples["far repeats"](20_000)
				p.send(t, deflated(opcode, plain)+fragmented(text, lines(2000)[:2000], 99))
				p.expect(t, says(opcode, plain), says(text, lines(2000)[:2000]))
				if p.compressed == 0 {
					t.Error("nothing comes back compressed")
				}
			})
		}
	}
}

// Members of one room with different windows, and without any, hear the same.
func TestDeflateBesidePlain(t *testing.T) {
	s := newServer(t, transport.Config{Compress: true})
	sender := s.join(t, "/ops", "", "")
	peers := []*peer{s.join(t, "/ops", "", "")}
	for _, bits := range []int{8, 11, 15} {
		p := s.join(t, "/ops", fmt.Sprintf("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=%d\r\n", bits), "")
		p.window = bits
		peers = append(peers, p)
	}
	for range 20 {
		for _, size := range []int{511, 512, 20_000} {
			sender.send(t, final(text, lines(size)[:size]))
			for _, p := range peers {
				p.expect(t, says(text, lines(size)[:size]))
			}
		}
	}
	for i, p := range peers {
		if want := map[bool]int{true: 0, false: 40}[i == 0]; p.compressed != want {
			t.Errorf("member %d: %d messages compressed, want %d", i, p.compressed, want)
		}
	}
}

func TestDeflatedFrames(t *testing.T) {
	s := newServer(t, transport.Config{Compress: true})
	hello := compress("Hello", flate.DefaultCompression)
	stored := compress("Hello", flate.NoCompression)
	rsv1 := func(frames string) string { return rsv(4, frames) }
	for name, b := range map[string]probe{
		"plain":                              {final(text, "Hello"), want{"text Hello"}},
		"one frame":                          {rsv1(final(text, hello)), want{"text Hello"}},
		"the example of RFC 7692, 7.2.3.1":   {rsv1(final(text, "\xf2\x48\xcd\xc9\xc9\x07\x00")), want{"text Hello"}},
		"stored, 7.2.3.3":                    {rsv1(final(text, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00")), want{"text Hello"}},
		"a last block, 7.2.3.4":              {rsv1(final(text, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")), want{"text Hello"}},
		"two blocks, 7.2.3.5":                {rsv1(final(text, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")), want{"text Hello"}},
		"blocks behind a last one":           {rsv1(final(text, "\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00")), want{"text HelloHello"}},
		"a reference across a last block":    {rsv1(final(text, acrossLastBlock())), want{"text Hello, hello!Hello, hello!"}},
		"stored by the standard library":     {rsv1(final(text, stored)), want{"text Hello"}},
		"in fragments of one byte":           {rsv1(fragmented(text, hello, 1)), want{"text Hello"}},
		"with empty fragments":               {rsv1(part(text, "")) + part(continuation, hello) + final(continuation, ""), want{"text Hello"}},
		"a ping between fragments":           {rsv1(part(text, hello[:3])) + final(ping, "") + final(continuation, hello[3:]), want{"pong", "text Hello"}},
		"empty message":                      {rsv1(final(text, "\x00")), want{"text"}},
		"not even an empty block":            {rsv1(final(binaryData, "")), want{invalidData}},
		"plain and compressed in turn":       {final(text, "a") + rsv1(final(text, hello)) + final(binaryData, "b") + rsv1(final(binaryData, hello)), want{"text a", "text Hello", "binary b", "binary Hello"}},
		"RSV1 on a continuation":             {rsv1(part(text, hello[:3])) + rsv1(final(continuation, hello[3:])), want{protocolError}},
		"RSV1 on a plain message's second":   {part(text, "a") + rsv1(final(continuation, hello)), want{protocolError}},
		"RSV1 on a ping":                     {rsv1(final(ping, hello)), want{protocolError}},
		"RSV1 on a ping between fragments":   {rsv1(part(text, hello[:3])) + rsv1(final(ping, "")), want{protocolError}},
		"RSV1 on a pong":                     {rsv1(final(pong, "")), want{protocolError}},
		"RSV1 on a close":                    {rsv1(closing(1000, "")), want{protocolError}},
		"RSV2":                               {rsv(2, final(text, hello)), want{protocolError}},
		"RSV1 and 3":                         {rsv(5, final(text, hello)), want{protocolError}},
		"garbage":                            {rsv1(final(text, "\xff\xfe\xfd\xfc\xfb\xfa")), want{invalidData}},
		"reserved block type":                {rsv1(final(binaryData, "\x06")), want{invalidData}},
		"a reference before the beginning":   {rsv1(final(binaryData, "\x02\x03\x00")), want{invalidData}},
		"a stored block with a wrong length": {rsv1(final(binaryData, "\x00\x05\x00\xfa\xfeHello")), want{invalidData}},
		"cut off within a stored block":      {rsv1(final(binaryData, "\x00\xff\x00\x00\xffHello")), want{invalidData}},
		"garbage behind a last block":        {rsv1(final(binaryData, "\xf3\x48\xcd\xc9\xc9\x07\x00\xff\xff")), want{invalidData}},
		"text that is no UTF-8":              {rsv1(final(text, compress("\xed\xa0\x80", 6))), want{invalidData}},
		"binary that is no UTF-8":            {rsv1(final(binaryData, compress("\xed\xa0\x80", 6))), want{says(binaryData, "\xed\xa0\x80")}},
		"compressed bytes are no UTF-8":      {rsv1(fragmented(text, compress(kosme, 6), 1)), want{"text " + kosme}},
	} {
		for _, size := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s/chopped=%d", name, size), func(t *testing.T) {
				b.on(t, s.deflating(t, "permessage-deflate", 15), size)
			})
		}
	}
}

// acrossLastBlock is a message of two parts: a block marked as the last, and one that refers back over it.
func acrossLastBlock() string {
	const words = "Hello, hello!"
	var out bytes.Buffer
	one, _ := flate.NewWriter(&out, flate.BestCompression)
	_, _ = io.WriteString(one, words)
	_ = one.Close()
	two, _ := flate.NewWriterDict(&out, flate.BestCompression, []byte(words))
	_, _ = io.WriteString(two, words)
	_ = two.Flush()
	return strings.TrimSuffix(out.String(), "\x00\x00\xff\xff")
}

// Each message is inflated by itself: none may refer to the one before.
func TestNoContextTakeover(t *testing.T) {
	s := newServer(t, transport.Config{Compress: true})
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	var messages []string
	for range 2 {
		_, _ = w.Write([]byte(strings.Repeat("take this over ", 10)))
		_ = w.Flush()
		messages = append(messages, rsv(4, final(text, strings.TrimSuffix(out.String(), "\x00\x00\xff\xff"))))
		out.Reset()
	}
	words := says(text, strings.Repeat("take this over ", 10))
	probe{messages[0] + messages[0], want{words, words}}.on(t, s.deflating(t, "permessage-deflate", 15), 0)
	probe{messages[0] + messages[1], want{words, invalidData}}.on(t, s.deflating(t, "permessage-deflate", 15), 0)
}

// The limit is that of the inflated message: a bomb is defused while it is being inflated.
func TestDeflateBomb(t *testing.T) {
	s := newServer(t, transport.Config{Compress: true})
	piece := compress(strings.Repeat("\x00", 4<<20), flate.BestCompression)
	bomb := strings.Repeat(piece+"\x00\x00\xff\xff", 15) + piece
	if len(bomb) > 65_600 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	most, random := strings.Repeat("a", 64<<10), noise(64<<10)
	for name, b := range map[string]probe{
		"as much as may be":              {deflated(text, most), want{says(text, most)}},
		"one byte more":                  {deflated(text, most+"a"), want{tooBig}},
		"what cannot be compressed":      {deflated(binaryData, random), want{says(binaryData, random)}},
		"that, stored":                   {rsv(4, final(binaryData, compress(random, flate.NoCompression))), want{says(binaryData, random)}},
		"compressed beyond all reason":   {rsv(4, header(0x80|text, 70_000)), want{tooBig}},
		"and in fragments":               {rsv(4, part(text, random)) + header(0x80, 5_000), want{tooBig}},
		"an empty block after the other": {rsv(4, final(text, strings.Repeat("\x00\x00\x00\xff\xff", 13_000)+"\x00")), want{"text"}},
		"a last block after the other":   {rsv(4, final(text, strings.Repeat("\x03\x00", 32_000)+"\x00")), want{invalidData}},
	} {
		t.Run(name, func(t *testing.T) { b.on(t, s.deflating(t, "permessage-deflate", 15), 0) })
	}
	t.Run("64 KB that become 64 MiB", func(t *testing.T) {
		pour(t, s.deflating(t, "permessage-deflate", 15), rsv(4, final(text, bomb)), "", 0, tooBig)
	})
}
