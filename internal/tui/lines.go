package tui

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// A LineTooLongError ends the reading of lines.
type LineTooLongError struct {
	Line, Limit int // the number of the line, from 1; the limit in bytes
}

// Error names the line and the limit.
func (e *LineTooLongError) Error() string {
	return fmt.Sprintf("line %d is longer than %d bytes", e.Line, e.Limit)
}

// Lines yields what separator separates in r, and what follows the last one, if anything does. Before a line feed, a
// carriage return belongs to the end of the line. A line is the receiver's. An error is the last thing that comes, and not
// io.EOF: a *LineTooLongError for a line of more than limit bytes.
func Lines(r io.Reader, separator byte, limit int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		for number := 1; ; number++ {
			line, err := readLine(in, separator, limit)
			if errors.Is(err, errTooLong) {
				err = &LineTooLongError{Line: number, Limit: limit}
			}
			ended := errors.Is(err, io.EOF)
			if err != nil && !ended {
				yield(nil, err)
				return
			}
			if ended && len(line) == 0 {
				return
			}
			if !yield(trimEnd(line, separator), nil) || ended {
				return
			}
		}
	}
}

var errTooLong = errors.New("the line is too long")

// readLine reads to the end of the line, which it includes, however many buffers that takes.
func readLine(in *bufio.Reader, separator byte, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice(separator)
		line = append(line, part...)
		if len(trimEnd(line, separator)) > limit {
			return nil, errTooLong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func trimEnd(line []byte, separator byte) []byte {
	content, found := bytes.CutSuffix(line, []byte{separator})
	if !found || separator != '\n' {
		return content
	}
	return bytes.TrimSuffix(content, []byte("\r"))
}
