//go:build linux

package main

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// An emulator is a simple terminal of a fixed size, with a light background. It knows no colours.
type emulator struct {
	width, height int
	cells         [][]string
	x, y          int
	top, bottom   int    // of the rows that scroll; the bottom is behind the last one
	rest          string // a sequence that is not complete
}

func newEmulator(width, height int) *emulator {
	e := &emulator{}
	e.resize(width, height)
	return e
}

func (e *emulator) String() string {
	rows := make([]string, e.height)
	for y := range rows {
		rows[y] = strings.TrimRight(strings.Join(e.cells[y], ""), " ")
	}
	return strings.Join(rows, "\n")
}

// resize forgets what was shown: the program draws everything anew.
func (e *emulator) resize(width, height int) {
	*e = emulator{width: width, height: height, bottom: height, cells: make([][]string, height)}
	for y := range e.cells {
		e.cells[y] = make([]string, width)
		e.blank(y, 0, width)
	}
}

func (e *emulator) blank(y, from, to int) {
	for x := max(0, from); x < min(to, e.width); x++ {
		e.cells[y][x] = " "
	}
}

// write takes in what the program writes, and returns what the terminal answers.
func (e *emulator) write(data string) (answer string) {
	data = e.rest + data
	e.rest = ""
	for data != "" {
		n := 1
		switch c := data[0]; {
		case c == '\x1b':
			var reply string
			n, reply = e.escape(data)
			answer += reply
		case c == '\r':
			e.x = 0
		case c == '\n':
			e.down()
		case c == '\b':
			e.x = max(0, e.x-1)
		case c == '\t':
			e.x = min(e.x/8*8+8, e.width-1)
		case c >= ' ':
			if n = 0; utf8.FullRuneInString(data) {
				n = e.put(data)
			}
		}
		if n == 0 {
			e.rest = data
			return answer
		}
		data = data[n:]
	}
	return answer
}

func (e *emulator) put(data string) int {
	r, n := utf8.DecodeRuneInString(data)
	if e.x >= e.width {
		e.x = 0
		e.down()
	}
	e.cells[e.y][e.x] = string(r)
	e.x++
	if r >= 0x1f300 && e.x < e.width { // the test's emoji take two
		e.cells[e.y][e.x] = ""
		e.x++
	}
	return n
}

func (e *emulator) down() {
	switch {
	case e.y == e.bottom-1:
		e.scroll(e.top, 1)
	case e.y < e.height-1:
		e.y++
	}
}

// scroll moves the rows from one on up, or down if n is negative, as far as rows scroll.
func (e *emulator) scroll(from, n int) {
	for ; n > 0; n-- {
		copy(e.cells[from:e.bottom], e.cells[from+1:e.bottom])
		e.cells[e.bottom-1] = make([]string, e.width)
		e.blank(e.bottom-1, 0, e.width)
	}
	for ; n < 0; n++ {
		copy(e.cells[from+1:e.bottom], e.cells[from:e.bottom-1])
		e.cells[from] = make([]string, e.width)
		e.blank(from, 0, e.width)
	}
}

// escape takes in one sequence; its length is 0 while it is not complete.
func (e *emulator) escape(data string) (n int, answer string) {
	if len(data) < 2 {
		return 0, ""
	}
	switch data[1] {
	case '[':
		end := strings.IndexFunc(data[2:], func(r rune) bool { return r >= '@' && r <= '~' })
		if end < 0 {
			return 0, ""
		}
		e.control(data[2:2+end], data[2+end])
		return 3 + end, ""
	case ']', 'P', '_', '^':
		end, size := strings.Index(data, "\x1b\\"), 2
		if bell := strings.IndexByte(data, '\a'); bell >= 0 && (end < 0 || bell < end) {
			end, size = bell, 1
		}
		if end < 0 {
			return 0, ""
		}
		if strings.HasPrefix(data, "\x1b]11;?") {
			answer = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\"
		}
		return end + size, answer
	case 'M':
		if e.y == e.top {
			e.scroll(e.top, -1)
		} else {
			e.y = max(0, e.y-1)
		}
	}
	return 2, ""
}

func (e *emulator) control(parameters string, final byte) {
	first, second, _ := strings.Cut(parameters, ";")
	n, _ := strconv.Atoi(first)
	m, _ := strconv.Atoi(second)
	one := max(1, n)
	if strings.Trim(parameters, "0123456789;") != "" {
		return // of private modes
	}
	switch final {
	case 'A':
		e.y = max(0, e.y-one)
	case 'B':
		e.y = min(e.height-1, e.y+one)
	case 'C':
		e.x = min(e.width-1, e.x+one)
	case 'D':
		e.x = max(0, e.x-one)
	case 'G', '`':
		e.x = min(one, e.width) - 1
	case 'd':
		e.y = min(one, e.height) - 1
	case 'H', 'f':
		e.y, e.x = min(one, e.height)-1, min(max(1, m), e.width)-1
	case 'J':
		e.erase(n)
	case 'K':
		switch n {
		case 0:
			e.blank(e.y, e.x, e.width)
		case 1:
			e.blank(e.y, 0, e.x+1)
		case 2:
			e.blank(e.y, 0, e.width)
		}
	case 'X':
		e.blank(e.y, e.x, e.x+one)
	case 'P', '@':
		e.shift(one, final == '@')
	case 'b':
		for range one {
			e.put(e.cells[e.y][max(0, e.x-1)])
		}
	case 'L':
		e.scroll(e.y, -one)
	case 'M':
		e.scroll(e.y, one)
	case 'S':
		e.scroll(e.top, one)
	case 'T':
		e.scroll(e.top, -one)
	case 'r':
		e.top, e.bottom = max(1, n)-1, e.height
		if m > 0 {
			e.bottom = min(m, e.height)
		}
		e.x, e.y = 0, 0
	}
}

// shift takes n cells out of the row at the cursor, or puts blank ones in.
func (e *emulator) shift(n int, in bool) {
	row := e.cells[e.y]
	n = min(n, e.width-e.x)
	if in {
		copy(row[e.x+n:], row[e.x:])
		e.blank(e.y, e.x, e.x+n)
		return
	}
	copy(row[e.x:], row[e.x+n:])
	e.blank(e.y, e.width-n, e.width)
}

func (e *emulator) erase(part int) {
	from, to := 0, e.height
	switch part {
	case 0:
		e.blank(e.y, e.x, e.width)
		from = e.y + 1
	case 1:
		e.blank(e.y, 0, e.x+1)
		to = e.y
	}
	for y := from; y < to; y++ {
		e.blank(y, 0, e.width)
	}
}

// A real terminal closes the gap when a shorter name takes the place of a longer one.
func TestEmulatorShifts(t *testing.T) {
	for written, want := range map[string]string{
		"você ›\rana \x1b[P":   "ana ›",
		"ana ›\rvocê\x1b[@":    "você ›",
		"abcdef\x1b[3G\x1b[9P": "ab",
		"abcdef\x1b[3G\x1b[9@": "ab",
	} {
		e := newEmulator(8, 1)
		if e.write(written); e.String() != want {
			t.Errorf("%q shows %q, want %q", written, e, want)
		}
	}
}
