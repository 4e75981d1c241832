package main

import (
	"bufio"
	"bytes"
	"context"
	"io"

	"recado"
	"recado/client"
	"recado/internal/tui"
)

// A writer is a sink that writes each message as a line.
type writer struct {
	to       io.Writer
	out      *bufio.Writer
	json     bool
	terminal bool            // what others say must not reach it raw
	leftOut  func(bytes int) // a binary message, which is no line
}

func newWriter(out io.Writer, asJSON, terminal bool, leftOut func(bytes int)) *writer {
	return &writer{to: out, out: bufio.NewWriterSize(out, 32<<10), json: asJSON, terminal: terminal, leftOut: leftOut}
}

func (w *writer) take(_ context.Context, m client.Message) (counts bool, err error) {
	switch {
	case w.json:
		return true, w.line(m.AppendJSON(w.out.AvailableBuffer()), tui.SafeJSON)
	case m.Ephemeral:
		return false, nil
	case m.Kind == recado.Binary:
		w.leftOut(len(m.Data))
		return false, nil
	}
	return true, w.line(oneLine(m.Data), tui.SafeLine)
}

func (w *writer) line(text []byte, safe func(string) string) error {
	if w.terminal {
		text = []byte(safe(string(text)))
	}
	_, err := w.out.Write(append(text, '\n'))
	return writeProblem(err)
}

func (w *writer) rest() error { return writeProblem(w.out.Flush()) }

func (w *writer) gone() bool { return nobodyReads(w.to) }

func (w *writer) close() error { return w.rest() }

// oneLine writes line ends as the text stream of the server does.
func oneLine(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\n"), []byte(`\n`))
	return bytes.ReplaceAll(text, []byte("\r"), []byte(`\r`))
}

// writeProblem is the problem with stdout, unless nobody reads it any more, which is a quiet end.
func writeProblem(err error) error {
	if err == nil || isClosedPipe(err) {
		return err
	}
	return &problem{id: "output_failed", facts: []any{"Cause", causeOf(err)}, err: err}
}
