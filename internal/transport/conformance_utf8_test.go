package transport_test

import (
	"fmt"
	"strings"
	"testing"

	"recado"
	"recado/internal/transport"
)

// kosme is the Greek word that tests of UTF-8 begin with.
const kosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"

// validText and invalidText are the sequences of Autobahn's group 6, after Markus Kuhn's UTF-8 decoder
// capability and stress test. Unicode allows no code point above 10FFFF and no surrogate.
var validText = map[string]string{
	"6.2.1 accents":                     "Hello-µ@ßöäüàá-UTF-8!!",
	"6.2.4 Greek":                       kosme,
	"6.5.1 Greek":                       "κόσμε",
	"6.6.2 prefix":                      kosme[:2],
	"6.6.5 prefix":                      kosme[:5],
	"6.6.7 prefix":                      kosme[:7],
	"6.6.9 prefix":                      kosme[:9],
	"6.7.1 first of 1 byte":             "\x00",
	"6.7.2 first of 2 bytes":            "\xc2\x80",
	"6.7.3 first of 3 bytes":            "\xe0\xa0\x80",
	"6.7.4 first of 4 bytes":            "\xf0\x90\x80\x80",
	"6.9.1 last of 1 byte":              "\x7f",
	"6.9.2 last of 2 bytes":             "\xdf\xbf",
	"6.9.3 last of 3 bytes":             "\xef\xbf\xbf",
	"6.9.4 last of 4 bytes":             "\xf4\x8f\xbf\xbf",
	"6.11.1 before the surrogates":      "\xed\x9f\xbf",
	"6.11.2 after the surrogates":       "\xee\x80\x80",
	"6.11.3 replacement character":      "\xef\xbf\xbd",
	"6.11.4 last code point":            "\xf4\x8f\xbf\xbf",
	"6.22.1 U+FFFE":                     "\xef\xbf\xbe",
	"6.22.2 U+FFFF":                     "\xef\xbf\xbf",
	"6.22 all that are no characters":   noCharacters(),
	"6.23 specials":                     "\xef\xbf\xb9\xef\xbf\xba\xef\xbf\xbb\xef\xbf\xbc\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf",
	"byte order mark":                   "\xef\xbb\xbf" + kosme,
	"every length in turn":              strings.Repeat("aé€😀", 5),
	"four bytes at every place of four": "😀a😀ab😀abc😀abcd😀",
}

var invalidText = map[string]string{
	"6.3.1 surrogate amid text":            kosme + "\xed\xa0\x80edited",
	"6.4.1 too high amid text":             kosme + "\xf4\x90\x80\x80edited",
	"6.6.1 prefix":                         kosme[:1],
	"6.6.3 prefix":                         kosme[:3],
	"6.6.4 prefix":                         kosme[:4],
	"6.6.6 prefix":                         kosme[:6],
	"6.6.8 prefix":                         kosme[:8],
	"6.6.10 prefix":                        kosme[:10],
	"6.8.1 first of 5 bytes":               "\xf8\x88\x80\x80\x80",
	"6.8.2 first of 6 bytes":               "\xfc\x84\x80\x80\x80\x80",
	"6.10.1 last of 21 bits":               "\xf7\xbf\xbf\xbf",
	"6.10.2 last of 5 bytes":               "\xfb\xbf\xbf\xbf\xbf",
	"6.10.3 last of 6 bytes":               "\xfd\xbf\xbf\xbf\xbf\xbf",
	"6.11.5 after the last code point":     "\xf4\x90\x80\x80",
	"6.12.1 first continuation byte":       "\x80",
	"6.12.2 last continuation byte":        "\xbf",
	"6.12.3 2 continuation bytes":          "\x80\xbf",
	"6.12.4 3 continuation bytes":          "\x80\xbf\x80",
	"6.12.5 4 continuation bytes":          "\x80\xbf\x80\xbf",
	"6.12.6 5 continuation bytes":          "\x80\xbf\x80\xbf\x80",
	"6.12.7 6 continuation bytes":          "\x80\xbf\x80\xbf\x80\xbf",
	"6.12.8 all continuation bytes":        series(0x80, 0xbf, ""),
	"6.13.1 lonely starts of 2 bytes":      series(0xc0, 0xdf, " "),
	"6.13.2 lonely starts of 3 bytes":      series(0xe0, 0xef, " "),
	"6.13.3 lonely starts of 4 bytes":      series(0xf0, 0xf7, " "),
	"6.13.4 lonely starts of 5 bytes":      series(0xf8, 0xfb, " "),
	"6.13.5 lonely starts of 6 bytes":      series(0xfc, 0xfd, " "),
	"6.14.1 last byte missing":             "\xc0",
	"6.14.2 last byte missing":             "\xe0\x80",
	"6.14.3 last byte missing":             "\xf0\x80\x80",
	"6.14.4 last byte missing":             "\xf8\x80\x80\x80",
	"6.14.5 last byte missing":             "\xfc\x80\x80\x80\x80",
	"6.14.6 last byte missing":             "\xdf",
	"6.14.7 last byte missing":             "\xef\xbf",
	"6.14.8 last byte missing":             "\xf7\xbf\xbf",
	"6.14.9 last byte missing":             "\xfb\xbf\xbf\xbf",
	"6.14.10 last byte missing":            "\xfd\xbf\xbf\xbf\xbf",
	"6.15.1 all of these":                  "\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80\xdf\xef\xbf\xf7\xbf\xbf\xfb\xbf\xbf\xbf\xfd\xbf\xbf\xbf\xbf",
	"6.16.1 FE":                            "\xfe",
	"6.16.2 FF":                            "\xff",
	"6.16.3 FE FE FF FF":                   "\xfe\xfe\xff\xff",
	"6.17.1 overlong slash, 2 bytes":       "\xc0\xaf",
	"6.17.2 overlong slash, 3 bytes":       "\xe0\x80\xaf",
	"6.17.3 overlong slash, 4 bytes":       "\xf0\x80\x80\xaf",
	"6.17.4 overlong slash, 5 bytes":       "\xf8\x80\x80\x80\xaf",
	"6.17.5 overlong slash, 6 bytes":       "\xfc\x80\x80\x80\x80\xaf",
	"6.18.1 highest overlong of 2 bytes":   "\xc1\xbf",
	"6.18.2 highest overlong of 3 bytes":   "\xe0\x9f\xbf",
	"6.18.3 highest overlong of 4 bytes":   "\xf0\x8f\xbf\xbf",
	"6.18.4 highest overlong of 5 bytes":   "\xf8\x87\xbf\xbf\xbf",
	"6.18.5 highest overlong of 6 bytes":   "\xfc\x83\xbf\xbf\xbf\xbf",
	"6.19.1 overlong NUL, 2 bytes":         "\xc0\x80",
	"6.19.2 overlong NUL, 3 bytes":         "\xe0\x80\x80",
	"6.19.3 overlong NUL, 4 bytes":         "\xf0\x80\x80\x80",
	"6.19.4 overlong NUL, 5 bytes":         "\xf8\x80\x80\x80\x80",
	"6.19.5 overlong NUL, 6 bytes":         "\xfc\x80\x80\x80\x80\x80",
	"6.20.1 surrogate D800":                "\xed\xa0\x80",
	"6.20.2 surrogate DB7F":                "\xed\xad\xbf",
	"6.20.3 surrogate DB80":                "\xed\xae\x80",
	"6.20.4 surrogate DBFF":                "\xed\xaf\xbf",
	"6.20.5 surrogate DC00":                "\xed\xb0\x80",
	"6.20.6 surrogate DF80":                "\xed\xbe\x80",
	"6.20.7 surrogate DFFF":                "\xed\xbf\xbf",
	"6.21.1 pair D800 DC00":                "\xed\xa0\x80\xed\xb0\x80",
	"6.21.2 pair D800 DFFF":                "\xed\xa0\x80\xed\xbf\xbf",
	"6.21.3 pair DB7F DC00":                "\xed\xad\xbf\xed\xb0\x80",
	"6.21.4 pair DB7F DFFF":                "\xed\xad\xbf\xed\xbf\xbf",
	"6.21.5 pair DB80 DC00":                "\xed\xae\x80\xed\xb0\x80",
	"6.21.6 pair DB80 DFFF":                "\xed\xae\x80\xed\xbf\xbf",
	"6.21.7 pair DBFF DC00":                "\xed\xaf\xbf\xed\xb0\x80",
	"6.21.8 pair DBFF DFFF":                "\xed\xaf\xbf\xed\xbf\xbf",
	"a whole sequence, then half of one":   "€\xe2\x82",
	"the end of a sequence after a letter": "a\x82\xac",
}

// noCharacters are the last two code points of each plane, valid all the same.
func noCharacters() string {
	var b strings.Builder
	for plane := rune(1); plane <= 16; plane++ {
		b.WriteRune(plane<<16 | 0xfffe)
		b.WriteRune(plane<<16 | 0xffff)
	}
	return b.String()
}

// series is all the bytes from first to last with something behind each.
func series(first, last byte, behind string) string {
	var b strings.Builder
	for c := int(first); c <= int(last); c++ {
		b.WriteByte(byte(c))
		b.WriteString(behind)
	}
	return b.String()
}

func TestText(t *testing.T) {
	s := newServer(t, transport.Config{})
	probes := map[string]probe{
		"6.1.1 empty":                         {final(text, ""), want{"text"}},
		"6.1.2 empty fragments":               {part(text, "") + part(continuation, "") + final(continuation, ""), want{"text"}},
		"6.1.3 first and last fragment empty": {part(text, "") + part(continuation, "middle") + final(continuation, ""), want{"text middle"}},
		"6.2.2 cut between code points":       {part(text, "Hello-µ@ßöä") + final(continuation, "üàá-UTF-8!!"), want{"text Hello-µ@ßöäüàá-UTF-8!!"}},
		"cut within, and a ping there":        {part(text, "\xe2\x82") + final(ping, "\xff") + final(continuation, "\xac"), want{says(pong, "\xff"), "text €"}},
		"half of one, then the end":           {part(text, "\xe2\x82") + final(continuation, ""), want{invalidData}},
		"the next message starts anew":        {final(text, "a") + final(binaryData, "\xe2") + final(text, "\x82\xac"), want{"text a", says(binaryData, "\xe2"), invalidData}},
		"any bytes are binary":                {final(binaryData, series(0, 0xff, "")), want{says(binaryData, series(0, 0xff, ""))}},
	}
	for name, words := range validText {
		probes[name] = probe{final(text, words), want{says(text, words)}}
		probes[name+" in fragments of 1 byte"] = probe{fragmented(text, words, 1), want{says(text, words)}}
		probes[name+" in fragments of 2 bytes"] = probe{fragmented(text, words, 2), want{says(text, words)}}
	}
	for name, words := range invalidText {
		probes[name] = probe{final(text, words), want{invalidData}}
		probes[name+" in fragments of 1 byte"] = probe{fragmented(text, words, 1), want{invalidData}}
		probes[name+" behind 30 KB"] = probe{final(text, strings.Repeat("a", 30_000)+words), want{invalidData}}
		probes[name+" as binary"] = probe{final(binaryData, words), want{says(binaryData, words)}}
	}
	s.run(t, probes)
}

func TestTextByteByByte(t *testing.T) {
	s := newServer(t, transport.Config{})
	probes := map[string]probe{}
	for name, words := range validText {
		probes[name] = probe{final(text, words), want{says(text, words)}}
	}
	for name, words := range invalidText {
		probes[name] = probe{final(text, words), want{invalidData}}
	}
	s.run(t, probes, 1)
}

// The server must not wait for the end of a message, nor of a frame, that can only become invalid: nothing is
// sent after the offending byte.
func TestInvalidTextFailsFast(t *testing.T) {
	s := newServer(t, transport.Config{Limits: recado.Limits{MessageSize: 1 << 20}})
	opened := func(bytes string) string { return header(0x80|text, 1<<20) + masked(bytes) }
	probes := map[string]probe{
		"6.4.1 second fragment":           {part(text, kosme+"\xf4") + part(continuation, "\x90"), want{invalidData}},
		"6.4.2 first fragment":            {part(text, kosme+"\xf4\x90"), want{invalidData}},
		"6.4.3 the second chop completes": {opened(kosme + "\xf4\x90\x80\x80"), want{invalidData}},
		"6.4.4 the second byte is wrong":  {opened(kosme + "\xf4\x90"), want{invalidData}},
		"a start that can never be one":   {opened("\xc0"), want{invalidData}},
		"overlong, at the second byte":    {opened("\xe0\x9f"), want{invalidData}},
		"surrogate, at the second byte":   {opened("\xed\xa0"), want{invalidData}},
		"no continuation":                 {opened("\xe2\x82 "), want{invalidData}},
		"far behind":                      {opened(strings.Repeat("é", 40_000) + "\xff"), want{invalidData}},
		"across fragments, with a ping":   {part(text, "\xf4") + final(ping, "") + header(continuation, 9) + masked("\x90"), want{"pong", invalidData}},
	}
	for i := range 4 {
		offset := strings.Repeat("a", i)
		probes[fmt.Sprintf("at place %d of the mask", i)] = probe{opened(offset + "\xf8"), want{invalidData}}
	}
	s.run(t, probes, 1)
}
