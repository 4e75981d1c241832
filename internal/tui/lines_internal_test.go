package tui

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 200_000) // more than the buffer of the reader
	tests := map[string]struct {
		in   string
		want []string
		long int // the number of the line that is too long, or 0
	}{
		"nothing":                  {"", nil, 0},
		"two lines":                {"a\nb\n", []string{"a", "b"}, 0},
		"the last without an end":  {"a\nb", []string{"a", "b"}, 0},
		"CRLF":                     {"a\r\nb\r\n", []string{"a", "b"}, 0},
		"CR inside and at the end": {"a\rb\nc\r", []string{"a\rb", "c\r"}, 0},
		"empty lines":              {"\n\na\n\n", []string{"", "", "a", ""}, 0},
		"a long line":              {long + "\nb\n", []string{long, "b"}, 0},
		"the longest":              {long + long + "\r\n", []string{long + long}, 0},
		"too long":                 {"a\n" + long + long + "x\nb\n", []string{"a"}, 2},
		"too long, without an end": {long + long + "x", nil, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(tt.in), iotest.HalfReader(strings.NewReader(tt.in))} {
				var got []string
				var end error
				for line, err := range Lines(in, '\n', 400_000) {
					if err != nil {
						end = err
						break
					}
					got = append(got, string(line))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("%d lines, want %d", len(got), len(tt.want))
				}
				var tooLong *LineTooLongError
				if is := errors.As(end, &tooLong); is != (tt.long > 0) || is && tooLong.Line != tt.long {
					t.Errorf("the error is %v, want one about line %d", end, tt.long)
				}
			}
		})
	}
}

func TestLinesError(t *testing.T) {
	broken := errors.New("broken")
	var got []string
	for line, err := range Lines(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), '\n', 100) {
		if err != nil && !errors.Is(err, broken) {
			t.Errorf("the error is %v, want that of the reader", err)
		}
		got = append(got, string(line))
	}
	if want := []string{"a", ""}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q: half a line is none", got, want)
	}
}

// Between NULs, line ends are a part of what stands there.
func TestLinesBetweenNULs(t *testing.T) {
	var got []string
	for line, err := range Lines(strings.NewReader("a\r\n\x00\x00b\r\x00c"), 0, 100) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(line))
	}
	if want := []string{"a\r\n", "", "b\r", "c"}; !slices.Equal(got, want) {
		t.Errorf("Lines yields %q, want %q", got, want)
	}
}
