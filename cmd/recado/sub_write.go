package main

import (
	"context"
	"io"

	"recado/client"
	"recado/internal/tui"
)

// A writer is a sink that writes each message as a line.
type writer struct {
	to  io.Writer
	out *tui.Output
}

func (w writer) take(_ context.Context, m client.Message) (counts bool, err error) {
	counts, err = w.out.Take(m)
	return counts, writeProblem(err)
}

func (w writer) rest() error { return writeProblem(w.out.Flush()) }

func (w writer) gone() bool { return nobodyReads(w.to) }

func (w writer) close() error { return w.rest() }

// writeProblem is the problem with stdout, unless nobody reads it any more, which is a quiet end.
func writeProblem(err error) error {
	if err == nil || tui.IsClosedPipe(err) {
		return err
	}
	return &problem{id: "output_failed", facts: []any{"Cause", causeOf(err)}, err: err}
}
