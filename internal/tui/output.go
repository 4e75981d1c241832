package tui

import (
	"bufio"
	"bytes"
	"io"

	"recado"
	"recado/client"
)

// An Output writes what others say for programs: a line each.
type Output struct {
	out      *bufio.Writer
	json     bool
	terminal bool
	leftOut  func(bytes int)
}

// NewOutput writes to out: each text, or with asJSON an object with all that is known of a message. Before a terminal
// it is made safe. leftOut is told of binary messages, which are no lines.
func NewOutput(out io.Writer, asJSON, terminal bool, leftOut func(bytes int)) *Output {
	return &Output{out: bufio.NewWriterSize(out, 32<<10), json: asJSON, terminal: terminal, leftOut: leftOut}
}

// Take writes a message. Where there are only texts, ephemeral messages are left out, too: they do not count.
func (o *Output) Take(m client.Message) (counts bool, err error) {
	switch {
	case o.json:
		return true, o.line(m.AppendJSON(o.out.AvailableBuffer()), SafeJSON)
	case m.Ephemeral:
		return false, nil
	case m.Kind == recado.Binary:
		o.leftOut(len(m.Data))
		return false, nil
	}
	return true, o.line(oneLine(m.Data), SafeLine)
}

// Flush is for when nothing more is at hand.
func (o *Output) Flush() error { return o.out.Flush() }

func (o *Output) line(text []byte, safe func(string) string) error {
	if o.terminal {
		text = []byte(safe(string(text)))
	}
	_, err := o.out.Write(append(text, '\n'))
	return err
}

// oneLine writes line ends as the text stream of the server does.
func oneLine(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\n"), []byte(`\n`))
	return bytes.ReplaceAll(text, []byte("\r"), []byte(`\r`))
}
