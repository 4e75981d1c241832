package transport

import (
	"bytes"
	"iter"
	"testing"
	"unicode/utf8"
)

// A textState is what may come next in UTF-8, after table 3-7 of the Unicode standard, spelled out byte by byte:
// the judge of utf8Checker, and too slow to replace it.
type textState struct {
	more    int  // continuation bytes to come
	low     byte // bounds of the next one
	high    byte
	invalid bool
}

func (s textState) next(b byte) textState {
	switch {
	case s.invalid, s.more > 0 && (b < s.low || b > s.high):
		return textState{invalid: true}
	case s.more > 0:
		return textState{more: s.more - 1, low: 0x80, high: 0xbf}
	case b < 0x80:
		return textState{}
	case b >= 0xc2 && b <= 0xdf:
		return textState{more: 1, low: 0x80, high: 0xbf}
	case b == 0xe0:
		return textState{more: 2, low: 0xa0, high: 0xbf}
	case b == 0xed:
		return textState{more: 2, low: 0x80, high: 0x9f}
	case b >= 0xe1 && b <= 0xef:
		return textState{more: 2, low: 0x80, high: 0xbf}
	case b == 0xf0:
		return textState{more: 3, low: 0x90, high: 0xbf}
	case b >= 0xf1 && b <= 0xf3:
		return textState{more: 3, low: 0x80, high: 0xbf}
	case b == 0xf4:
		return textState{more: 3, low: 0x80, high: 0x8f}
	}
	return textState{invalid: true}
}

// checkSplit feeds text in stretches and compares each answer with the judge's: the first stretch that has a
// byte which nothing can make valid must be refused, and no earlier one.
func checkSplit(t *testing.T, text []byte, cuts []byte) {
	t.Helper()
	var c utf8Checker
	var judge textState
	for part, last := range split(text, cuts) {
		for _, b := range part {
			judge = judge.next(b)
		}
		want := !judge.invalid && (!last || judge.more == 0)
		if got := c.check(part, last); got != want {
			t.Fatalf("text %x, cut by %x: check(%x, %t) = %t, want %t", text, cuts, part, last, got, want)
		}
		if !want {
			return
		}
	}
	if !utf8.Valid(text) {
		t.Fatalf("text %x, cut by %x, was found valid", text, cuts)
	}
}

// split yields data in stretches as long as the cuts say, over and over; without a cut that is not 0, at once.
// Only the last stretch ends the data; it may be empty.
func split(data, cuts []byte) iter.Seq2[[]byte, bool] {
	return func(yield func(part []byte, last bool) bool) {
		whole := len(bytes.Trim(cuts, "\x00")) == 0
		for i := 0; !whole; i++ {
			n := int(cuts[i%len(cuts)])
			if n >= len(data) {
				break
			}
			if !yield(data[:n:n], false) {
				return
			}
			data = data[n:]
		}
		yield(data, true)
	}
}

// Every pair of bytes between which the judge draws a line, with what may follow, in every split.
func TestUTF8CheckerEdges(t *testing.T) {
	edges := []byte{
		0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
		0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff,
	}
	for _, a := range edges {
		for _, b := range edges {
			for _, end := range []string{"", "a", "\x80", "\xbf", "\x80\xbf", "\xbf\x80", "\x80\x80a", "\xbf\xbf\xbf", "\xe2\x82\xac"} {
				for _, cuts := range [][]byte{nil, {1}, {2}, {3}, {1, 2}, {1, 0}} {
					checkSplit(t, append([]byte{a, b}, end...), cuts)
				}
			}
		}
	}
}

func FuzzUTF8Checker(f *testing.F) {
	for _, text := range []string{
		"", "a", "κόσμε", "€", "😀", "\xe2\x82", "\xf4\x90", "\xed\xa0\x80", "\xc0\xaf", "\xfe", "aé€😀\xf0\x9f", "\xf4\x8f\xbf\xbf",
	} {
		for _, cuts := range []string{"", "\x01", "\x02", "\x03\x01", "\x00\x01"} {
			f.Add([]byte(text), []byte(cuts))
		}
	}
	f.Fuzz(checkSplit)
}
