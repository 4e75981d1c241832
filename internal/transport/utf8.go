package transport

import "unicode/utf8"

// A utf8Checker validates text that arrives in stretches, and finds the first byte that no continuation can
// make valid in the stretch that brings it.
type utf8Checker struct {
	rest [utf8.UTFMax]byte // an incomplete sequence from before
	n    uint8
}

// check reports whether all bytes so far are a valid beginning of UTF-8 or, if this stretch is the last, valid.
func (c *utf8Checker) check(p []byte, last bool) bool {
	for c.n > 0 && len(p) > 0 {
		c.rest[c.n] = p[0]
		c.n++
		p = p[1:]
		if !utf8.FullRune(c.rest[:c.n]) {
			continue
		}
		if r, size := utf8.DecodeRune(c.rest[:c.n]); r == utf8.RuneError && size == 1 {
			return false
		}
		c.n = 0
	}
	whole := len(p) - incomplete(p)
	if !utf8.Valid(p[:whole]) {
		return false
	}
	c.n += uint8(copy(c.rest[c.n:], p[whole:]))
	return !last || c.n == 0
}

// incomplete is the length of the unfinished sequence at the end of p.
func incomplete(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if utf8.RuneStart(p[len(p)-n]) {
			if utf8.FullRune(p[len(p)-n:]) {
				return 0
			}
			return n
		}
	}
	return 0
}
