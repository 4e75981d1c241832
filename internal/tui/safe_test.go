package tui_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"recado/internal/tui"
)

func TestSafe(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"plain":                    {"oi, tudo bem?", "oi, tudo bem?"},
		"accents":                  {"ação, coração", "ação, coração"},
		"lines":                    {"a\nb\r\nc\u2028d", "a\nb\nc\nd"},
		"tab":                      {"a\tb", "a    b"},
		"carriage return":          {"harmless\rrm -rf", "harmless␍rm -rf"},
		"backspace, bell, NUL":     {"a\bb\ac\x00", "a␈b␇c␀"},
		"delete":                   {"a\x7f", "a␡"},
		"colour":                   {"\x1b[31mred\x1b[0m", "red"},
		"hidden by SGR":            {"ls \x1b[8mrm\x1b[0m", "ls rm"},
		"cursor up, erase":         {"\x1b[2A\x1b[Kfake", "fake"},
		"clear the screen":         {"\x1b[2J\x1b[Hx", "x"},
		"reset":                    {"\x1bcx", "x"},
		"clipboard (OSC 52)":       {"a\x1b]52;c;cm0gLXJm\x07b", "ab"},
		"clipboard, ST":            {"a\x1b]52;c;cm0gLXJm\x1b\\b", "ab"},
		"title":                    {"\x1b]0;owned\x07x", "x"},
		"link":                     {"\x1b]8;;http://evil.example\x07text\x1b]8;;\x07", "text"},
		"answerback":               {"\x1b[c\x1b[6n\x05x", "␅x"},
		"device control":           {"\x1bP$q\"p\x1b\\x", "x"},
		"C1 CSI":                   {"a\u009b31mb", "a\ufffd31mb"},
		"C1 OSC":                   {"a\u009d52;c;eA==\u009cb", "a\ufffd52;c;eA==\ufffdb"},
		"C1 next line":             {"a\u0085b", "a\ufffdb"},
		"raw C1":                   {"a\x9bb", "a\ufffdb"},
		"override (U+202E)":        {"gpj.\u202eexe", "gpj.exe"},
		"embeddings":               {"\u202aa\u202bb\u202cc\u202dd", "abcd"},
		"isolates":                 {"\u2066a\u2067b\u2068c\u2069d", "abcd"},
		"marks of direction":       {"a\u200eb\u200fc\u061cd", "abcd"},
		"zero-width space":         {"pay\u200bpal", "paypal"},
		"byte order mark":          {"\ufeffa\ufeffb", "ab"},
		"word joiner, soft hyphen": {"a\u2060b\u00adc", "abc"},
		"Hangul filler":            {"a\u3164b\u115fc\uffa0d", "abcd"},
		"tags":                     {"a\U000e0061\U000e0062b", "ab"},
		"joiner in ASCII":          {"pay\u200dpal\u200c", "paypal"},
		"joined emoji":             {"👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"},
		"joiners in a row":         {"👨\u200d\u200d\u200d👩", "👨\u200d👩"},
		"Persian":                  {"می\u200cخواهم", "می\u200cخواهم"},
		"emoji presentation":       {"❤\ufe0f", "❤\ufe0f"},
		"keycap":                   {"1\ufe0f\u20e3", "1\ufe0f\u20e3"},
		"selectors as a channel":   {"a\ufe0f\ufe0e\ufe01\U000e0100b", "a\ufe0fb"},
		"Arabic number sign":       {"\u0601٣", "\u0601٣"},
		"marks without end":        {"z" + strings.Repeat("\u0301", 50), "z" + strings.Repeat("\u0301", 8)},
		"not UTF-8":                {"a\xffb", "a\ufffdb"},
		"empty":                    {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tui.Safe(tt.text); got != tt.want {
				t.Errorf("Safe(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestSafeLine(t *testing.T) {
	if got, want := tui.SafeLine("a\r\nb\x1b[1mc"), "a⏎bc"; got != want {
		t.Errorf("SafeLine() = %q, want %q", got, want)
	}
}

func FuzzSafe(f *testing.F) {
	for _, seed := range []string{
		"olá", "\x1b[31mred\x1b[0m", "\x1b]52;c;cm0=\x07", "\x1b]52;c;unfinished", "\u009b31m", "a\rb\u202ec", "\x1bPq\x1b\\",
		"👨\u200d👩", "می\u200cخواهم", "e\u0301\u0301", "\xff\x9b", "\x1b\x1b[[A", "\ufe0f\u200d\n\u200d",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		safe := tui.Safe(text)
		if !utf8.ValidString(safe) {
			t.Errorf("Safe(%q) = %q is not UTF-8", text, safe)
		}
		for _, r := range safe {
			if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("Safe(%q) = %q has %U", text, safe, r)
			}
		}
		if again := tui.Safe(safe); again != safe {
			t.Errorf("Safe(%q) = %q, and made safe again %q", text, safe, again)
		}
		if line := tui.SafeLine(text); strings.Contains(line, "\n") {
			t.Errorf("SafeLine(%q) = %q has a line break", text, line)
		}
	})
}
