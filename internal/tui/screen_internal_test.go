package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func typed(text string) *editor {
	e := &editor{}
	for _, r := range text {
		e.insert(r)
	}
	return e
}

// What is printed while somebody types leaves neither traces of the prompt above nor gaps in what was typed.
func TestPrintWhileTyping(t *testing.T) {
	tests := map[string]struct {
		text  string
		left  int // how often the left key was pressed
		width int
		want  []string // at the end
	}{
		"nothing typed":       {"", 0, 20, []string{"> "}},
		"some text":           {"bom dia", 0, 20, []string{"> bom dia"}},
		"cursor inside":       {"bom dia", 4, 20, []string{"> bom dia"}},
		"an emoji":            {"oi 😀", 0, 20, []string{"> oi 😀"}},
		"a family":            {"👨‍👩‍👧!", 1, 20, []string{"> 👨‍👩‍👧!"}},
		"wide and accents":    {"日本e\u0301", 2, 20, []string{"> 日本e\u0301"}},
		"over the edge":       {"abcdefghijkl", 0, 10, []string{"> abcdefgh", "ijkl"}},
		"just to the edge":    {"abcdefgh", 0, 10, []string{"> abcdefgh", ""}},
		"wide over the edge":  {"abcdefg日", 0, 10, []string{"> abcdefg", "日"}},
		"a line break":        {"um\ndois", 0, 20, []string{"> um⏎dois"}},
		"narrowest":           {"ab", 0, 1, []string{">", "", "a", "b", ""}},
		"far from the cursor": {strings.Repeat("x", 25), 25, 10, []string{"> xxxxxxxx", "xxxxxxxxxx", "xxxxxxx"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := newVT(t, tt.width)
			s := &screen{out: v, size: func() (int, int) { return v.width, 24 }}
			e := typed(tt.text)
			for range tt.left {
				e.press(keyLeft)
			}
			s.print("", "> ", e)
			s.print("[1] a\n[2] b\n", "> ", e)
			s.print("[3] c\n", "> ", e)
			want := []string{"[1] a", "[2] b", "[3] c"}
			for _, row := range tt.want {
				want = append(want, strings.TrimRight(row, " "))
			}
			if tt.width < 10 {
				want = append([]string{"[1] a", "[2] b", "[3] c"}, want[3:]...)
			}
			if got := v.lines(); !slices.Equal(got, want) {
				t.Errorf("the terminal shows %q, want %q", got, want)
			}
			s.leave()
			if got := v.lines(); !slices.Equal(got, []string{"[1] a", "[2] b", "[3] c", ""}) {
				t.Errorf("in the end the terminal shows %q", got)
			}
		})
	}
}

func TestWindow(t *testing.T) {
	text := []byte(strings.Repeat("0123456789", 10))
	tests := map[string]struct {
		cursor int
		rows   []string
		row    int
	}{
		"at the end":    {100, []string{"8901234567", "89"}, 1},
		"near the end":  {90, []string{"8901234567", "89"}, 0},
		"in the middle": {50, []string{"8901234567", "8901234567"}, 1},
		"at the start":  {0, []string{"> 01234567", "8901234567"}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := lay("> ", text, tt.cursor, 10).window(2)
			if !slices.Equal(l.rows, tt.rows) || l.row != tt.row {
				t.Errorf("rows %q with the cursor in row %d, want %q and %d", l.rows, l.row, tt.rows, tt.row)
			}
		})
	}
}

func TestPlainScreen(t *testing.T) {
	var b strings.Builder
	s := &screen{out: &b, plain: true}
	s.print("", "> ", typed("abc"))
	s.print("[1] a\n", "> ", typed("abc"))
	s.leave()
	if got := b.String(); got != "[1] a\n" {
		t.Errorf("a terminal without escape sequences is given %q", got)
	}
}

// Whatever is typed, printed and resized in whatever order, the terminal shows what was printed, in order, and
// below it the prompt with the text, and the cursor is where the text says.
func TestScreenProperty(t *testing.T) {
	keys := []key{
		keyBackspace, keyDelete, keyLeft, keyRight, keyWordLeft, keyWordRight, keyHome, keyEnd, keyUp, keyDown,
		keyKillWord, keyKillToStart, keyKillToEnd,
	}
	alphabet := []string{"a", "b", " ", "ç", "e\u0301", "日", "😀", "👩\u200d👩", "\n", "\t", "\u200b"}
	rapid.Check(t, func(r *rapid.T) {
		v := newVT(t, rapid.IntRange(2, 30).Draw(r, "width"))
		s := &screen{out: v, size: func() (int, int) { return v.width, 1000 }}
		e := &editor{}
		var printed []string
		for i := range rapid.IntRange(1, 60).Draw(r, "steps") {
			switch rapid.IntRange(0, 4).Draw(r, "what") {
			case 0, 1:
				for _, c := range rapid.SampledFrom(alphabet).Draw(r, "character") {
					e.insert(c)
				}
			case 2:
				e.press(rapid.SampledFrom(keys).Draw(r, "key"))
			case 3:
				printed = append(printed, fmt.Sprintf("[%d] %s", i, strings.Repeat("x", rapid.IntRange(0, 40).Draw(r, "length"))))
				s.print(printed[len(printed)-1]+"\n", "> ", e)
			case 4:
				v.resize(rapid.IntRange(2, 30).Draw(r, "new width"))
			}
			s.print("", "> ", e)
			l := lay("> ", e.text, e.cursor, v.width)
			want := slices.Clone(printed)
			for _, row := range l.rows {
				want = append(want, strings.TrimRight(row, " "))
			}
			// Where a mark without a character of its own is shown is for the terminal to say.
			marks := strings.NewReplacer("\u0301", "", "\u200d", "")
			got := v.lines()
			for j := range want {
				want[j] = strings.TrimRight(marks.Replace(want[j]), " ")
			}
			for j := range got {
				got[j] = strings.TrimRight(marks.Replace(got[j]), " ")
			}
			if !slices.Equal(got, want) {
				r.Fatalf("the terminal shows %q, want %q", got, want)
			}
			if x, y := v.x, v.y-(len(v.rows)-len(l.rows)); x != l.column || y != l.row {
				r.Fatalf("the cursor is at %d, %d of the prompt, want %d, %d", x, y, l.column, l.row)
			}
		}
	})
}
