package loadgen

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// A server usually sends a message as a chunk of its own (RFC 9112, section 7.1), which holds one event: its id, if it
// has one, and its data, which end with the text.
const (
	eventID   = "id: "
	eventData = "data: {"
	eventEnd  = "\n\n"
)

// errStreamEnded is the last chunk.
var errStreamEnded = errors.New("the server ended the stream")

// cutChunk returns what the chunk has that b begins with, and where it ends: 0 if it has not come whole.
func cutChunk(b []byte) (content []byte, end int, err error) {
	line, _, whole := bytes.Cut(b[:min(len(b), maxSizeLine)], []byte("\r\n"))
	if !whole && len(b) < maxSizeLine {
		return nil, 0, nil
	}
	digits, _, _ := bytes.Cut(line, []byte(";"))
	size, err := strconv.ParseUint(string(digits), 16, 31)
	if err != nil {
		return nil, 0, fmt.Errorf("a chunk with a broken size from the server: %q", line)
	}
	start := len(line) + 2
	end = start + int(size) + 2
	if len(b) < end {
		return nil, 0, nil
	}
	return b[start : end-2], end, nil
}

// maxSizeLine bounds the line with which a chunk begins.
const maxSizeLine = 128

// usualChunk is usual for chunks.
func (p *pattern) usualChunk(b []byte) (text []byte, end int) {
	event, end, err := cutChunk(b)
	if end == 0 || err != nil {
		return nil, 0
	}
	if id, is := bytes.CutPrefix(event, []byte(eventID)); is {
		_, event, _ = bytes.Cut(id, []byte("\n"))
	}
	from := len(event) - len(eventEnd) - len(messageEnd) - p.size
	if from < len(messageText) || !bytes.HasPrefix(event, []byte(eventData)) || bytes.IndexByte(event, '\n') != len(event)-len(eventEnd) ||
		string(event[from-len(messageText):from]) != messageText || string(event[from+p.size:]) != messageEnd+eventEnd {
		return nil, 0
	}
	return event[from : from+p.size], end
}

// cutEvent takes the first whole event off a stream, and returns its data.
func cutEvent(stream []byte) (data, rest []byte, whole bool) {
	event, rest, whole := bytes.Cut(stream, []byte(eventEnd))
	if !whole {
		return nil, stream, false
	}
	for line := range bytes.SplitSeq(event, []byte("\n")) {
		if value, is := bytes.CutPrefix(line, []byte("data:")); is {
			data = append(data, bytes.TrimPrefix(value, []byte(" "))...)
		}
	}
	return data, rest, true
}

// parseAnswers goes through the answers to what was published, and returns what is left: the beginning of one.
func parseAnswers(b []byte) (rest []byte, err error) {
	for bytes.Contains(b, []byte("\r\n\r\n")) { // a head
		in := bytes.NewReader(b)
		buffered := bufio.NewReader(in)
		answer, err := http.ReadResponse(buffered, nil) //nolint:bodyclose // skip does
		if err != nil {
			return b, fmt.Errorf("an answer from the server: %w", err)
		}
		if answer.StatusCode/100 != 2 {
			return b, &RefusedError{Status: answer.StatusCode}
		}
		if !skip(answer.Body) {
			break
		}
		b = b[len(b)-in.Len()-buffered.Buffered():]
	}
	return b, nil
}

// skip reads a body that is in memory; false: not all of it has come.
func skip(body io.ReadCloser) bool {
	_, err := io.Copy(io.Discard, body)
	return errors.Join(err, body.Close()) == nil
}
