package tui

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// maxMarks is how many combining marks one character may carry: more than any script needs.
const maxMarks = 8

// Safe makes text from others fit to be shown: nothing in it moves the cursor, changes the terminal or another
// line, or pretends to be what it is not. Escape sequences go, other control characters become visible ones,
// and what only reorders or hides text goes: bidirectional controls and characters without a width, except
// where an emoji or a script needs them. Line breaks remain, as "\n"; a tab becomes four spaces.
func Safe(text string) string {
	if isPlain(text) {
		return text
	}
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	text = strings.ReplaceAll(text, "\r\n", "\n")
	w := safeWriter{}
	w.Grow(len(text))
	for _, r := range ansi.Strip(text) {
		w.add(r)
	}
	return w.String()
}

// SafeLine is Safe for what must stay one line.
func SafeLine(text string) string {
	return strings.ReplaceAll(Safe(text), "\n", "⏎")
}

// SafeJSON escapes in a JSON text what a terminal might obey, or not show: JSON itself takes care of ASCII but for DEL.
func SafeJSON(line string) string {
	var b strings.Builder
	for _, r := range line {
		if r < 0x7f || unicode.IsGraphic(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// isPlain spares most messages the work.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < ' ' && c != '\n') || c >= utf8.RuneSelf || c == 0x7f {
			return false
		}
	}
	return true
}

type safeWriter struct {
	strings.Builder

	last   rune // written
	joiner rune // waits to see what follows; 0: none
	marks  int  // in a row
}

func (w *safeWriter) add(r rune) {
	switch {
	case r == '\n' || r == '\u2028' || r == '\u2029':
		w.put('\n')
	case r == '\t':
		for range 4 {
			w.put(' ')
		}
	case r < ' ':
		w.put('\u2400' + r) // its picture: ␍ for \r
	case r == 0x7f:
		w.put('\u2421')
	case unicode.IsControl(r): // C1
		w.put(utf8.RuneError)
	case r == '\u200c' || r == '\u200d':
		w.joiner = r
	case unicode.Is(unicode.Variation_Selector, r):
		if r >= '\ufe00' && r <= '\ufe0f' && w.last > ' ' && !unicode.Is(unicode.Variation_Selector, w.last) {
			w.put(r)
		}
	case invisible(r):
	default:
		w.put(r)
	}
}

func (w *safeWriter) put(r rune) {
	if unicode.Is(unicode.M, r) && !unicode.Is(unicode.Variation_Selector, r) {
		if w.marks++; w.marks > maxMarks {
			return
		}
	} else {
		w.marks = 0
	}
	if w.joiner != 0 && joins(w.last) && joins(r) {
		w.WriteRune(w.joiner)
	}
	w.joiner = 0
	w.last = r
	w.WriteRune(r)
}

// joins tells the characters between which a joiner has a meaning: parts of emoji, letters of other scripts.
func joins(r rune) bool {
	return r >= utf8.RuneSelf && r != utf8.RuneError && !unicode.IsSpace(r)
}

// invisible tells what has no width and no part in a text, among it all bidirectional controls.
func invisible(r rune) bool {
	if unicode.Is(unicode.Prepended_Concatenation_Mark, r) {
		return false
	}
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}
