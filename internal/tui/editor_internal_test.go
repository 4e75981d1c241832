package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEditor(t *testing.T) {
	tests := map[string]struct {
		text string
		keys []key
		want string // | is the cursor
	}{
		"typed":                        {"abc", nil, "abc|"},
		"backspace":                    {"abc", []key{keyBackspace}, "ab|"},
		"backspace at the start":       {"abc", []key{keyHome, keyBackspace}, "|abc"},
		"backspace takes an emoji":     {"a👨‍👩‍👧", []key{keyBackspace}, "a|"},
		"backspace takes an accent":    {"ae\u0301", []key{keyBackspace}, "a|"},
		"delete":                       {"abc", []key{keyHome, keyDelete}, "|bc"},
		"delete at the end":            {"abc", []key{keyDelete}, "abc|"},
		"left and right":               {"abc", []key{keyLeft, keyLeft, keyRight}, "ab|c"},
		"left over a line break":       {"a\nb", []key{keyLeft, keyLeft}, "a|\nb"},
		"right at the end":             {"abc", []key{keyRight}, "abc|"},
		"left at the start":            {"a", []key{keyLeft, keyLeft}, "|a"},
		"home and end":                 {"abc", []key{keyHome, keyEnd}, "abc|"},
		"a word back":                  {"um dois  três", []key{keyWordLeft, keyWordLeft}, "um |dois  três"},
		"a word forth":                 {"um dois três", []key{keyHome, keyWordRight, keyWordRight}, "um dois| três"},
		"words end":                    {"um", []key{keyWordRight, keyWordLeft, keyWordLeft}, "|um"},
		"kill a word":                  {"um dois ", []key{keyKillWord}, "um |"},
		"kill to the start":            {"abc", []key{keyLeft, keyKillToStart}, "|c"},
		"kill to the end":              {"abc", []key{keyHome, keyRight, keyKillToEnd}, "a|"},
		"no history":                   {"abc", []key{keyUp, keyDown}, "abc|"},
		"keys that mean nothing":       {"abc", []key{keyNone, keyTab, keyEnter}, "abc|"},
		"everything on nothing":        {"", []key{keyBackspace, keyDelete, keyLeft, keyRight, keyWordLeft, keyWordRight, keyKillWord}, "|"},
		"between a base and an accent": {"e\u0301x", []key{keyLeft, keyBackspace}, "|x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := typed(tt.text)
			for _, k := range tt.keys {
				e.press(k)
			}
			if got := string(e.text[:e.cursor]) + "|" + string(e.text[e.cursor:]); got != tt.want {
				t.Errorf("%q after %v is %q, want %q", tt.text, tt.keys, got, tt.want)
			}
		})
	}
}

func TestHistory(t *testing.T) {
	e := &editor{}
	for _, line := range []string{"one", "two", "two", ""} {
		for _, r := range line {
			e.insert(r)
		}
		if got := e.take(); got != line {
			t.Errorf("take() = %q, want %q", got, line)
		}
	}
	for _, r := range "draft" {
		e.insert(r)
	}
	for _, step := range []struct {
		key  key
		want string
	}{
		{keyUp, "two"}, {keyUp, "one"}, {keyUp, "one"}, {keyDown, "two"}, {keyDown, "draft"}, {keyDown, "draft"}, {keyUp, "two"},
	} {
		e.press(step.key)
		if got := string(e.text); got != step.want {
			t.Errorf("key %v brings %q, want %q", step.key, got, step.want)
		}
	}
	e.insert('!')
	if got := e.take(); got != "two!" {
		t.Errorf("an old line edited and sent is %q", got)
	}
	e.press(keyUp)
	e.press(keyUp)
	if got := string(e.text); got != "two" {
		t.Errorf("the old line itself became %q", got)
	}
	for i := range 2 * maxHistory {
		e.clear()
		for _, r := range fmt.Sprint(i) {
			e.insert(r)
		}
		e.take()
	}
	if n := len(e.history); n != maxHistory {
		t.Errorf("%d lines are kept, want %d", n, maxHistory)
	}
}

func TestTypedTooMuch(t *testing.T) {
	e := &editor{text: []byte(strings.Repeat("x", maxTyped-5))}
	if !e.insert('é') || e.insert('é') {
		t.Errorf("%d bytes were accepted, want at most %d", len(e.text), maxTyped)
	}
}

type pressed struct {
	key  key
	text rune
}

func decodeAll(d *decoder, chunks ...string) (all []pressed) {
	for _, chunk := range chunks {
		d.decode([]byte(chunk), func(k key, r rune) { all = append(all, pressed{k, r}) })
	}
	return all
}

func texts(s string) (all []pressed) {
	for _, r := range s {
		all = append(all, pressed{keyText, r})
	}
	return all
}

func TestDecoder(t *testing.T) {
	keys := func(keys ...key) (all []pressed) {
		for _, k := range keys {
			all = append(all, pressed{key: k})
		}
		return all
	}
	tests := map[string]struct {
		bytes string
		want  []pressed
	}{
		"text":                {"olá 😀", texts("olá 😀")},
		"enter":               {"\r", keys(keyEnter)},
		"Ctrl+J, Alt+Enter":   {"\n\x1b\r", texts("\n\n")},
		"control keys":        {"\x01\x02\x03\x04\x05\x06\x08\t\x0b\x0c\x0e\x10\x12\x15\x17\x7f", keys(keyHome, keyLeft, keyInterrupt, keyEOF, keyEnd, keyRight, keyBackspace, keyTab, keyKillToEnd, keyClearScreen, keyDown, keyUp, keyRetry, keyKillToStart, keyKillWord, keyBackspace)},
		"cursor keys":         {"\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F", keys(keyUp, keyDown, keyRight, keyLeft, keyHome, keyEnd)},
		"in application mode": {"\x1bOA\x1bOF", keys(keyUp, keyEnd)},
		"with Ctrl or Alt":    {"\x1b[1;5C\x1b[1;3D\x1bb\x1bf\x1b\x7f", keys(keyWordRight, keyWordLeft, keyWordLeft, keyWordRight, keyKillWord)},
		"with a tilde":        {"\x1b[3~\x1b[1~\x1b[4~\x1b[7~\x1b[8~", keys(keyDelete, keyHome, keyEnd, keyHome, keyEnd)},
		"unknown ones":        {"\x1b[15~\x1b[200a\x1bx\x1bOZa", append(keys(keyNone, keyNone, keyNone), texts("a")...)},
		"a broken sequence":   {"\x1b[1\x03a", append(keys(keyInterrupt), texts("a")...)},
		"an endless sequence": {"\x1b[" + strings.Repeat("1", 40) + "a", texts(strings.Repeat("1", 9) + "a")},
		"escape twice":        {"\x1b\x1b[A", keys(keyUp)},
		"a paste":             {"\x1b[200~a\tb\r\nc\rd\ne\x1b[31m\x03\x1b[201~\r", append(texts("a\tb\nc\nd\ne[31m"), keys(keyEnter)...)},
		"C1":                  {"\u009ba", texts("a")},
		"not UTF-8":           {"\xffa", texts("\ufffda")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := decodeAll(&decoder{}, tt.bytes); !slices.Equal(got, tt.want) {
				t.Errorf("%q is %v, want %v", tt.bytes, got, tt.want)
			}
			if got := decodeAll(&decoder{}, strings.Split(tt.bytes, "")...); utf8.ValidString(tt.bytes) && !slices.Equal(got, tt.want) {
				t.Errorf("%q in pieces is %v, want %v", tt.bytes, got, tt.want)
			}
		})
	}
}

func TestCookedDecoder(t *testing.T) {
	got := decodeAll(&decoder{cooked: true}, "oi\n")
	if want := append(texts("oi"), pressed{key: keyEnter}); !slices.Equal(got, want) {
		t.Errorf("a whole line is %v, want %v", got, want)
	}
}

// FuzzDecoder gives the decoder any bytes: it must not panic, nor insert control characters, nor depend on how
// the bytes are split.
func FuzzDecoder(f *testing.F) {
	for _, seed := range []string{"olá\r", "\x1b[A\x1b[1;5C", "\x1b[200~paste\x1b[201~", "\x1b\x1b[", "\xc3", "\x1b[200~\x1b[20"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := decodeAll(&decoder{}, string(data))
		d := &decoder{}
		var split []pressed
		for _, b := range data {
			d.decode([]byte{b}, func(k key, r rune) { split = append(split, pressed{k, r}) })
		}
		if !slices.Equal(whole, split) {
			t.Errorf("%q is %v at once and %v byte by byte", data, whole, split)
		}
		e := &editor{}
		for _, p := range whole {
			if p.key == keyText {
				e.insert(p.text)
			} else {
				e.press(p.key)
			}
		}
		if e.cursor > len(e.text) || !utf8.Valid(e.text) {
			t.Errorf("the text becomes %q with the cursor at %d", e.text, e.cursor)
		}
		for _, r := range string(e.text) {
			if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f {
				t.Errorf("%q gets %q into the text", data, r)
			}
		}
	})
}
