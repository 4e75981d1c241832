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

// lines yields each line of r, without its end, which is LF or CRLF; the last one need not have any.
// A line is the receiver's. An error is the last thing that comes, and not io.EOF.
func lines(r io.Reader, limit int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		for number := 1; ; number++ {
			line, err := readLine(in, limit)
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
			if !yield(trimEnd(line), nil) || ended {
				return
			}
		}
	}
}

var errTooLong = errors.New("the line is too long")

// readLine reads to the end of the line, which it includes, however many buffers that takes.
func readLine(in *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if len(trimEnd(line)) > limit {
			return nil, errTooLong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func trimEnd(line []byte) []byte {
	content, found := bytes.CutSuffix(line, []byte("\n"))
	if !found {
		return line
	}
	return bytes.TrimSuffix(content, []byte("\r"))
}
