package tui

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

const (
	// maxTyped bounds the text being typed, in bytes; it is more than anybody types.
	maxTyped = 64 << 10
	// maxHistory is how many lines the up key brings back.
	maxHistory = 100
)

// An editor is the text being typed and the cursor in it. The cursor moves by what a person takes for one
// character (a grapheme cluster).
type editor struct {
	text    []byte
	cursor  int // index in text, at the beginning of a cluster
	history []string
	recall  int    // index in history; len(history): the text is not from there
	draft   []byte // what was typed before the up key
}

// insert puts r before the cursor. False means that there is no more room.
func (e *editor) insert(r rune) bool {
	if len(e.text)+utf8.UTFMax > maxTyped {
		return false
	}
	encoded := utf8.AppendRune(nil, r)
	e.text = slices.Insert(e.text, e.cursor, encoded...)
	e.cursor += len(encoded)
	return true
}

// press does what an editing key means.
func (e *editor) press(k key) {
	switch k {
	case keyBackspace:
		e.remove(e.before(), e.cursor)
	case keyDelete:
		e.remove(e.cursor, e.after())
	case keyLeft:
		e.cursor = e.before()
	case keyRight:
		e.cursor = e.after()
	case keyWordLeft:
		e.cursor = e.wordBefore()
	case keyWordRight:
		e.cursor = e.wordAfter()
	case keyHome:
		e.cursor = 0
	case keyEnd:
		e.cursor = len(e.text)
	case keyKillWord:
		e.remove(e.wordBefore(), e.cursor)
	case keyKillToStart:
		e.remove(0, e.cursor)
	case keyKillToEnd:
		e.remove(e.cursor, len(e.text))
	case keyUp:
		e.bring(e.recall - 1)
	case keyDown:
		e.bring(e.recall + 1)
	}
}

// take ends the text: it returns it, and keeps it in the history.
func (e *editor) take() string {
	text := string(e.text)
	if text != "" && (len(e.history) == 0 || e.history[len(e.history)-1] != text) {
		e.history = append(e.history, text)
		if len(e.history) > maxHistory {
			e.history = slices.Delete(e.history, 0, 1)
		}
	}
	e.clear()
	return text
}

// clear forgets the text.
func (e *editor) clear() {
	e.text, e.cursor = nil, 0
	e.recall, e.draft = len(e.history), nil
}

// bring shows a line of the history in place of the text, or the draft that was there before.
func (e *editor) bring(index int) {
	if index < 0 || index > len(e.history) {
		return
	}
	if e.recall == len(e.history) {
		e.draft = e.text
	}
	e.recall = index
	if index == len(e.history) {
		e.text = e.draft
	} else {
		e.text = []byte(e.history[index])
	}
	e.cursor = len(e.text)
}

func (e *editor) remove(from, to int) {
	e.text = slices.Delete(e.text, from, to)
	e.cursor = from
}

func (e *editor) after() int {
	cluster, _ := ansi.FirstGraphemeCluster(e.text[e.cursor:], ansi.GraphemeWidth)
	return e.cursor + len(cluster)
}

// before walks from the start of the line, since clusters cannot be found backwards.
func (e *editor) before() int {
	start := 1 + bytes.LastIndexByte(e.text[:max(0, e.cursor-1)], '\n')
	for at := start; at < e.cursor; {
		cluster, _ := ansi.FirstGraphemeCluster(e.text[at:], ansi.GraphemeWidth)
		if at+len(cluster) >= e.cursor {
			return at
		}
		at += len(cluster)
	}
	return start
}

func (e *editor) wordBefore() int {
	at := bytes.LastIndexFunc(e.text[:e.cursor], func(r rune) bool { return !unicode.IsSpace(r) })
	space := bytes.LastIndexFunc(e.text[:at+1], unicode.IsSpace)
	if space < 0 {
		return 0
	}
	_, size := utf8.DecodeRune(e.text[space:])
	return space + size
}

func (e *editor) wordAfter() int {
	word := bytes.IndexFunc(e.text[e.cursor:], func(r rune) bool { return !unicode.IsSpace(r) })
	if word < 0 {
		return len(e.text)
	}
	space := bytes.IndexFunc(e.text[e.cursor+word:], unicode.IsSpace)
	if space < 0 {
		return len(e.text)
	}
	return e.cursor + word + space
}
