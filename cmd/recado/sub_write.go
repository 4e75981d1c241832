package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"

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
		return true, w.line(text, escapeUnsafe)
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
	type from struct {
		ID   string `json:"id,omitempty"`
		Name string `json:"name"`
	}
	o := struct {
		Position  string          `json:"position,omitempty"`
		Type      string          `json:"type"`
		Seq       uint64          `json:"seq,omitempty"`
		Time      string          `json:"time"`
		From      from            `json:"from"`
		Text      *string         `json:"text,omitempty"`
		JSON      json.RawMessage `json:"json,omitempty"`
		Base64    *string         `json:"base64,omitempty"`
		Event     string          `json:"event,omitempty"`
		Ephemeral bool            `json:"ephemeral,omitempty"`
	}{
		Type: "message", Time: m.Time.UTC().Format("2006-01-02T15:04:05.000Z"), From: from{Name: m.From.Name},
		Event: m.Event, Ephemeral: m.Ephemeral,
	}
	if m.From.ID != (recado.MemberID{}) {
		o.From.ID = m.From.ID.String()
	}
	if !m.Ephemeral {
		o.Position, o.Seq = m.Position.String(), m.Position.Seq
	}
	switch text := string(m.Data); m.Kind {
	case recado.JSON:
		o.JSON = m.Data
	case recado.Binary:
		text = base64.StdEncoding.EncodeToString(m.Data)
		o.Base64 = &text
	default:
		o.Text = &text
	}
	var b strings.Builder
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false)
	err := to.Encode(o)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// escapeUnsafe escapes in a JSON text what a terminal might obey, or not show: JSON itself takes care of ASCII but
// for DEL.
func escapeUnsafe(line string) string {
	var b strings.Builder
	for _, r := range line {
		if r < 0x7f || unicode.IsGraphic(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
