package main

import (
	"bufio"
	"context"
	"io"
	"strings"

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
		text, err := jsonLine(m)
		if err != nil {
			return false, err
		}
		return true, w.line(text, tui.SafeJSON)
	case m.Ephemeral:
		return false, nil
	case m.Kind == recado.Binary:
		w.leftOut(len(m.Data))
		return false, nil
	}
	return true, w.line(oneLine(string(m.Data)), tui.SafeLine)
}

func (w *writer) line(text string, safe func(string) string) error {
	if w.terminal {
		text = safe(text)
	}
	_, err := w.out.WriteString(text)
	if err == nil {
		err = w.out.WriteByte('\n')
	}
	return writeProblem(err)
}

func (w *writer) rest() error { return writeProblem(w.out.Flush()) }

func (w *writer) gone() bool { return nobodyReads(w.to) }

func (w *writer) close() error { return w.rest() }

// oneLine writes line ends as the text stream of the server does.
func oneLine(text string) string {
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(text)
}

// writeProblem is the problem with stdout, unless nobody reads it any more, which is a quiet end.
func writeProblem(err error) error {
	if err == nil || isClosedPipe(err) {
		return err
	}
	return &problem{id: "output_failed", facts: []any{"Cause", causeOf(err)}, err: err}
}

// jsonLine is the object of the JSON lines that a server streams, without prev.
func jsonLine(m client.Message) (string, error) {
	object := struct {
		Position   string `json:"position,omitempty"`
		Type       string `json:"type"`
		Seq        uint64 `json:"seq,omitempty"`
		tui.Saying        //nolint:embeddedstructfieldcheck // its place is the order of the JSON
	}{Type: "message", Saying: tui.NewSaying(m)}
	if !m.Ephemeral {
		object.Position, object.Seq = m.Position.String(), m.Position.Seq
	}
	return tui.JSONLine(object)
}
