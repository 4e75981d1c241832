package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"

	"recado/internal/tui"
)

// records yields what separator separates in r, and what follows the last one, if anything does. A line may end with
// CRLF. A record is the receiver's. An error is the last thing that comes: a *tui.LineTooLongError for a record of
// more than limit bytes.
func records(r io.Reader, separator byte, limit int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		for number := 1; ; number++ {
			record, err := readRecord(in, separator, limit)
			ended := errors.Is(err, io.EOF)
			switch {
			case ended && len(record) == 0:
				return
			case errors.Is(err, errTooLong):
				yield(nil, &tui.LineTooLongError{Line: number, Limit: limit})
				return
			case err != nil && !ended:
				yield(nil, err)
				return
			}
			if !yield(trimSeparator(record, separator), nil) || ended {
				return
			}
		}
	}
}

var errTooLong = errors.New("the record is too long")

// readRecord reads up to the separator, which it includes, however many buffers that takes.
func readRecord(in *bufio.Reader, separator byte, limit int) (record []byte, err error) {
	for {
		part, err := in.ReadSlice(separator)
		record = append(record, part...)
		if len(trimSeparator(record, separator)) > limit {
			return nil, errTooLong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return record, err
		}
	}
}

func trimSeparator(record []byte, separator byte) []byte {
	content, found := bytes.CutSuffix(record, []byte{separator})
	if !found || separator != '\n' {
		return content
	}
	return bytes.TrimSuffix(content, []byte("\r"))
}
