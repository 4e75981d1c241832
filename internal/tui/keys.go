package tui

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A key is what one key press, or one character of a paste, means.
type key int

const (
	keyNone key = iota // nothing we know
	keyText            // a character to insert
	keyEnter
	keyTab
	keyBackspace
	keyDelete
	keyLeft
	keyRight
	keyWordLeft
	keyWordRight
	keyHome
	keyEnd
	keyUp
	keyDown
	keyKillWord
	keyKillToStart
	keyKillToEnd
	keyClearScreen
	keyRetry
	keyInterrupt
	keyEOF
)

// Bracketed paste: between these a terminal gives what was pasted, so that it is not taken for key presses.
const (
	pasteStart = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// A decoder makes keys of the bytes that a terminal sends. They may be split anywhere.
type decoder struct {
	cooked  bool // the terminal gives whole lines: "\n" is Enter, not a line break in the message
	rest    []byte
	pasting bool
	afterCR bool // a "\n" that follows belongs to the "\r" before it
}

// decode calls yield for each key that data completes, with its character if it is keyText.
func (d *decoder) decode(data []byte, yield func(key, rune)) {
	d.rest = append(d.rest, data...)
	for len(d.rest) > 0 {
		n := d.one(yield)
		if n == 0 {
			break
		}
		d.rest = d.rest[n:]
	}
	d.rest = bytes.Clone(d.rest) // lets the array go
}

// one decodes the key at the beginning and returns its length, 0 if it is not complete.
func (d *decoder) one(yield func(key, rune)) int {
	first := d.rest[0]
	afterCR := d.afterCR
	d.afterCR = false
	switch {
	case d.pasting && bytes.HasPrefix(d.rest, []byte(pasteEnd)):
		d.pasting = false
		return len(pasteEnd)
	case d.pasting && first == '\x1b' && strings.HasPrefix(pasteEnd, string(d.rest)):
		return 0
	case d.pasting && first == '\r':
		d.afterCR = true
		yield(keyText, '\n')
		return 1
	case d.pasting && first == '\n' && afterCR:
		return 1
	case d.pasting && first < ' ' && first != '\n' && first != '\t':
		return 1
	case first == '\x1b' && !d.pasting:
		return d.escape(yield)
	case (first < ' ' || first == 0x7f) && !d.pasting:
		d.control(first, yield)
		return 1
	}
	if !utf8.FullRune(d.rest) {
		return 0
	}
	r, n := utf8.DecodeRune(d.rest)
	if !unicode.IsControl(r) || r == '\n' || r == '\t' {
		yield(keyText, r)
	}
	return n
}

func (d *decoder) control(c byte, yield func(key, rune)) {
	switch c {
	case '\r':
		yield(keyEnter, 0)
	case '\n': // Ctrl+J
		if d.cooked {
			yield(keyEnter, 0)
			return
		}
		yield(keyText, '\n')
	default:
		yield(controlKey(c), 0)
	}
}

// controlKey is the key of a control character.
func controlKey(c byte) key {
	const ctrl = 'A' - 1
	switch c {
	case 'A' - ctrl:
		return keyHome
	case 'B' - ctrl:
		return keyLeft
	case 'C' - ctrl:
		return keyInterrupt
	case 'D' - ctrl:
		return keyEOF
	case 'E' - ctrl:
		return keyEnd
	case 'F' - ctrl:
		return keyRight
	case '\b', 0x7f:
		return keyBackspace
	case '\t':
		return keyTab
	case 'K' - ctrl:
		return keyKillToEnd
	case 'L' - ctrl:
		return keyClearScreen
	case 'N' - ctrl:
		return keyDown
	case 'P' - ctrl:
		return keyUp
	case 'R' - ctrl:
		return keyRetry
	case 'U' - ctrl:
		return keyKillToStart
	case 'W' - ctrl:
		return keyKillWord
	}
	return keyNone
}

// escape decodes what begins with ESC: CSI and SS3 sequences, or a key pressed with Alt.
func (d *decoder) escape(yield func(key, rune)) int {
	if len(d.rest) < 2 {
		return 0
	}
	switch d.rest[1] {
	case '[':
		for i := 2; i < len(d.rest); i++ {
			c := d.rest[i]
			if c >= 0x40 && c <= 0x7e {
				d.sequence(d.rest[:i+1], yield)
				return i + 1
			}
			if c < 0x20 || c > 0x7e || i > 32 {
				return i // not a sequence: what follows counts again
			}
		}
		return 0
	case 'O':
		if len(d.rest) < 3 {
			return 0
		}
		yield(cursorKey(d.rest[2]), 0)
		return 3
	case '\x1b':
		return 1
	}
	switch d.rest[1] {
	case 'b':
		yield(keyWordLeft, 0)
	case 'f':
		yield(keyWordRight, 0)
	case 0x7f, 8:
		yield(keyKillWord, 0)
	case '\r':
		yield(keyText, '\n') // Alt+Enter
	}
	return 2
}

// cursorKey is the key that ends in this character, with CSI or SS3 before it.
func cursorKey(final byte) key {
	switch final {
	case 'A':
		return keyUp
	case 'B':
		return keyDown
	case 'C':
		return keyRight
	case 'D':
		return keyLeft
	case 'H':
		return keyHome
	case 'F':
		return keyEnd
	}
	return keyNone
}

func (d *decoder) sequence(s []byte, yield func(key, rune)) {
	parameters, final := s[2:len(s)-1], s[len(s)-1]
	switch {
	case string(s) == pasteStart:
		d.pasting = true
	case final == '~':
		yield(tildeKey(string(parameters)), 0)
	case bytes.HasPrefix(parameters, []byte("1;")) && final == 'C': // with Ctrl, Alt or Shift
		yield(keyWordRight, 0)
	case bytes.HasPrefix(parameters, []byte("1;")) && final == 'D':
		yield(keyWordLeft, 0)
	default:
		yield(cursorKey(final), 0)
	}
}

func tildeKey(parameters string) key {
	switch parameters {
	case "1", "7":
		return keyHome
	case "3":
		return keyDelete
	case "4", "8":
		return keyEnd
	}
	return keyNone
}
