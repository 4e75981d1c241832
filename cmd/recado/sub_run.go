package main

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"recado"
	"recado/client"
)

const (
	messageVariable = "RECADO_MSG_"
	// maxVariable is how long a text may be to be a variable: systems allow 128 KiB with the name.
	maxVariable = 120 << 10
	// mercy is how long a command may take to end when it is asked to.
	mercy = 10 * time.Second
)

// A runner is a sink that runs a command for each message. When as many run as may, the next message waits, and
// with it the connection.
type runner struct {
	command []string
	environ []string // of the program, without what it may have been told of another message itself
	room    string
	stdout  io.Writer
	stderr  io.Writer
	failed  func(seq uint64, err error)

	free    chan struct{} // as many as may run at once
	running sync.WaitGroup
}

func newRunner(p *program, how *subscription, room string, failed func(seq uint64, err error)) *runner {
	inherited := slices.DeleteFunc(slices.Clone(p.environ()), func(entry string) bool {
		return strings.HasPrefix(entry, messageVariable)
	})
	return &runner{
		command: how.command, environ: inherited, room: room, stdout: p.stdout, stderr: p.stderr, failed: failed,
		free: make(chan struct{}, how.parallel),
	}
}

func (r *runner) take(ctx context.Context, m client.Message) (counts bool, err error) {
	if m.Ephemeral {
		return false, nil
	}
	select {
	case r.free <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	r.running.Go(func() {
		defer func() { <-r.free }()
		cmd := exec.CommandContext(ctx, r.command[0], r.command[1:]...)
		cmd.Env = append(slices.Clip(r.environ), r.variables(m)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(m.Data), r.stdout, r.stderr
		cmd.Cancel = func() error { return askToEnd(cmd.Process) }
		cmd.WaitDelay = mercy
		if err := cmd.Run(); err != nil && ctx.Err() == nil {
			r.failed(m.Position.Seq, err)
		}
	})
	return true, nil
}

func (r *runner) rest() error { return nil }

func (r *runner) gone() bool { return false }

func (r *runner) close() error {
	r.running.Wait()
	return nil
}

// variables tell the command of the message. The text is left out where it can be none: too long, with a NUL, or no
// text at all.
func (r *runner) variables(m client.Message) (variables []string) {
	set := func(name, value string) {
		if !strings.Contains(value, "\x00") && len(value) <= maxVariable {
			variables = append(variables, messageVariable+name+"="+value)
		}
	}
	set("ROOM", r.room)
	set("NAME", m.From.Name)
	if m.From.ID != (recado.MemberID{}) { // as of who publishes over HTTP
		set("ID", m.From.ID.String())
	}
	set("SEQ", strconv.FormatUint(m.Position.Seq, 10))
	set("POSITION", m.Position.String())
	set("TIME", m.Time.UTC().Format(time.RFC3339Nano))
	set("EVENT", m.Event)
	set("KIND", m.Kind.String())
	if m.Kind != recado.Binary {
		set("TEXT", string(m.Data))
	}
	return variables
}
