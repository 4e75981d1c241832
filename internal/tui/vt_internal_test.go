package tui

import (
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// A vt is a terminal of endless height that understands what a screen writes, and breaks its lines anew when
// its width changes, as terminals do.
type vt struct {
	t       *testing.T
	width   int
	rows    []vtRow
	x, y    int  // y in rows
	pending bool // the last column was written: the next character goes to the next row
}

type vtRow struct {
	cells []string // "" is the second half of a wide character
	soft  bool     // the text goes on in the next row
}

func newVT(t *testing.T, width int) *vt {
	t.Helper()
	return &vt{t: t, width: width, rows: make([]vtRow, 1)}
}

func (v *vt) Write(p []byte) (int, error) {
	for rest := string(p); rest != ""; {
		switch {
		case strings.HasPrefix(rest, "\x1b["):
			end := 2 + strings.IndexFunc(rest[2:], func(r rune) bool { return r >= '@' && r <= '~' })
			v.sequence(rest[2:end], rest[end])
			rest = rest[end+1:]
		case rest[0] == '\r':
			v.x, v.pending = 0, false
			rest = rest[1:]
		case rest[0] == '\n':
			v.down()
			rest = rest[1:]
		case rest[0] < ' ' || rest[0] == 0x7f:
			v.t.Errorf("the terminal is given the control character %q", rest[0])
			rest = rest[1:]
		default:
			cluster, width := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
			v.put(cluster, width)
			rest = rest[len(cluster):]
		}
	}
	return len(p), nil
}

func (v *vt) sequence(parameters string, final byte) {
	n, _ := strconv.Atoi(parameters)
	n = max(n, 1)
	switch final {
	case 'A':
		if v.y -= n; v.y < 0 {
			v.t.Errorf("the cursor goes %d rows above the top", -v.y)
			v.y = 0
		}
		v.pending = false
	case 'C':
		v.x = min(v.x+n, v.width-1)
		v.pending = false
	case 'J':
		if parameters == "2" {
			v.rows = make([]vtRow, v.y+1)
			break
		}
		row := &v.rows[v.y]
		row.cells, row.soft = row.cells[:min(v.x, len(row.cells))], false
		v.rows = v.rows[:v.y+1]
	case 'H':
		v.x, v.y, v.pending = 0, 0, false
	case 'm', 'h', 'l':
	default:
		v.t.Errorf("the terminal is given the sequence %q%c", parameters, final)
	}
}

func (v *vt) down() {
	v.pending = false
	if v.y++; v.y == len(v.rows) {
		v.rows = append(v.rows, vtRow{})
	}
}

func (v *vt) put(cluster string, width int) {
	if width == 0 {
		return
	}
	if v.pending || v.x+width > v.width {
		v.rows[v.y].soft = true
		v.x = 0
		v.down()
	}
	row := &v.rows[v.y]
	for len(row.cells) < v.x+width {
		row.cells = append(row.cells, " ")
	}
	row.cells[v.x] = cluster
	for i := 1; i < width; i++ {
		row.cells[v.x+i] = ""
	}
	v.x += width
	if v.x >= v.width {
		v.x, v.pending = v.width-1, true
	}
}

// resize breaks the lines anew and keeps the cursor on its character.
func (v *vt) resize(width int) {
	old := v.rows
	cursorX, cursorY := v.x, v.y
	if v.pending {
		cursorX++
	}
	v.width, v.rows = width, nil
	for start := 0; start < len(old); {
		var cells []string
		cursor, end := -1, start
		for ; ; end++ {
			if end == cursorY {
				cursor = len(cells) + cursorX
			}
			cells = append(cells, old[end].cells...)
			if !old[end].soft {
				break
			}
		}
		v.breakLine(cells, cursor)
		start = end + 1
	}
}

func (v *vt) breakLine(cells []string, cursor int) {
	here := false
	for at := 0; ; {
		n := min(v.width, len(cells)-at)
		if at+n < len(cells) && cells[at+n] == "" {
			n-- // a wide character stays whole
		}
		v.rows = append(v.rows, vtRow{cells: append([]string(nil), cells[at:at+n]...), soft: at+n < len(cells)})
		if cursor >= at && (cursor < at+n || at+n == len(cells)) {
			v.y, v.x, v.pending = len(v.rows)-1, cursor-at, false
			here = true
		}
		if at += n; at >= len(cells) {
			break
		}
	}
	if here && v.x >= v.width {
		v.y, v.x = v.y+1, 0
		if v.y == len(v.rows) {
			v.rows = append(v.rows, vtRow{})
		}
	}
}

// lines are the logical lines, without trailing spaces.
func (v *vt) lines() (lines []string) {
	line := ""
	for _, row := range v.rows {
		line += strings.Join(row.cells, "")
		if !row.soft {
			lines = append(lines, strings.TrimRight(line, " "))
			line = ""
		}
	}
	return lines
}
