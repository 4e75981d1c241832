package tui

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// A screen is the bottom of a terminal: the prompt and the text being typed, below everything that was printed.
// What it draws it can erase again, so that a line printed meanwhile never tears it. It counts cells, not
// characters: an emoji takes two.
type screen struct {
	out   io.Writer
	size  func() (width, height int)
	plain bool // the terminal understands no escape sequences: nothing is drawn, lines just follow each other

	rows []string // what is drawn
	row  int      // where the cursor is
	head string   // what is before the cursor in its row
}

// A layout is the rows of the prompt and the text, and the place of the cursor.
type layout struct {
	rows   []string
	widths []int
	row    int
	column int
	head   string // the part of its row before the cursor
}

// lay breaks prompt and text into rows of a width. The cursor is on the character that follows it; after the
// last one it is behind that, in an empty row if there is no place left. A cursor of -1 is nowhere.
func lay(prompt string, text []byte, cursor, width int) layout {
	l := layout{rows: []string{""}, widths: []int{0}}
	l.add([]byte(prompt), -1, width)
	l.add(text, cursor, width)
	if cursor == len(text) {
		if l.widths[len(l.widths)-1] >= width {
			l.rows, l.widths = append(l.rows, ""), append(l.widths, 0)
		}
		l.mark()
	}
	return l
}

func (l *layout) add(text []byte, cursor, width int) {
	for at := 0; at < len(text); {
		cluster, _ := ansi.FirstGraphemeCluster(text[at:], ansi.GraphemeWidth)
		shown := SafeLine(string(cluster))
		if shown == "    " {
			shown = " " // a tab: what is broken into rows must not be wider than one
		}
		cells := ansi.StringWidth(shown)
		here := at <= cursor && cursor < at+len(cluster)
		last := len(l.rows) - 1
		needed := cells
		if here {
			needed = max(1, cells) // the cursor takes place even where the character does not
		}
		if l.widths[last]+needed > width && l.widths[last] > 0 {
			l.rows, l.widths = append(l.rows, ""), append(l.widths, 0)
			last++
		}
		if here {
			l.mark()
		}
		l.rows[last] += shown
		l.widths[last] += cells
		at += len(cluster)
	}
}

// mark puts the cursor at the end of what there is.
func (l *layout) mark() {
	last := len(l.rows) - 1
	l.row, l.column, l.head = last, l.widths[last], l.rows[last]
}

// window keeps the rows that fit a height, the one with the cursor among them.
func (l layout) window(height int) layout {
	if len(l.rows) <= height {
		return l
	}
	from := len(l.rows) - height
	if l.row < from {
		from = max(0, l.row-height+1)
	}
	l.rows, l.widths, l.row = l.rows[from:from+height], l.widths[from:from+height], l.row-from
	return l
}

// print shows lines above the prompt, each ended by "\n", and draws the prompt and the text anew: in one write,
// so that nobody sees half of it.
func (s *screen) print(lines, prompt string, e *editor) error {
	var b strings.Builder
	s.erase(&b)
	if s.plain {
		b.WriteString(lines)
	} else {
		b.WriteString(strings.ReplaceAll(lines, "\n", "\r\n"))
	}
	s.draw(&b, prompt, e)
	_, err := io.WriteString(s.out, b.String())
	return err
}

// clear empties the terminal.
func (s *screen) clear(prompt string, e *editor) error {
	var b strings.Builder
	b.WriteString("\x1b[H\x1b[2J")
	s.draw(&b, prompt, e)
	_, err := io.WriteString(s.out, b.String())
	return err
}

// leave erases the prompt for good.
func (s *screen) leave() {
	var b strings.Builder
	s.erase(&b)
	io.WriteString(s.out, b.String()) //nolint:errcheck // it is the last thing
}

// erase goes back to where the prompt begins and clears everything from there. If the terminal has become
// narrower, it has broken the rows anew, as nearly all do.
func (s *screen) erase(b *strings.Builder) {
	if s.plain || s.rows == nil {
		return
	}
	width, _ := s.size()
	up := lay("", []byte(s.rows[s.row]), len(s.head), width).row
	for _, row := range s.rows[:s.row] {
		up += len(lay("", []byte(row), -1, width).rows)
	}
	b.WriteByte('\r')
	if up > 0 {
		fmt.Fprintf(b, "\x1b[%dA", up)
	}
	b.WriteString("\x1b[J")
	s.rows = nil
}

func (s *screen) draw(b *strings.Builder, prompt string, e *editor) {
	if s.plain {
		return
	}
	width, height := s.size()
	l := lay(prompt, e.text, e.cursor, width).window(max(1, height-1))
	b.WriteString(strings.Join(l.rows, "\r\n"))
	if up := len(l.rows) - 1 - l.row; up > 0 {
		fmt.Fprintf(b, "\x1b[%dA", up)
	}
	b.WriteByte('\r')
	if l.column > 0 {
		fmt.Fprintf(b, "\x1b[%dC", l.column)
	}
	s.rows, s.row, s.head = l.rows, l.row, l.head
}
