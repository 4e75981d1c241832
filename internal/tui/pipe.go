package tui

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"recado"
	"recado/client"
)

// Pipe is a chat between programs: the lines of In become messages, and each text that comes is a line of Out.
type Pipe struct {
	Chat

	In       io.Reader
	Out      io.Writer
	Err      io.Writer // what happens meanwhile, for a person
	Terminal bool      // Out is a terminal: what others say is made safe for it

	telling sync.Mutex  // guards Err
	ending  atomic.Bool // every line is handed over: what is lost from now on is told by the error
}

// Run connects, sends the lines of In, and returns nil when the server has read them all. Text comes and goes
// meanwhile; when nobody reads Out any more, that is the end too. An *UnreachableError means that there was no
// connection to begin with; later ones that break are replaced.
// A read of In that is under way when Run returns cannot be called back; it ends with In or with the program.
func (p *Pipe) Run(ctx context.Context) error {
	c, err := client.Open(ctx, p.Client)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // it is nil
	out := bufio.NewWriterSize(p.Out, 32<<10)
	defer out.Flush()   //nolint:errcheck // the end has its own error, or nobody reads any more
	var sent chan error // the end of the sending; nil before the first connection
	outage := false
	for {
		select {
		case err := <-sent:
			return err
		case e, open := <-c.Events():
			if !open {
				return p.end(ctx, c, sent)
			}
			if sent == nil && isState(e, client.Connected) {
				sent = make(chan error, 1)
				go func() { sent <- p.send(ctx, c) }()
				continue
			}
			err := p.take(e, out, sent != nil, &outage, c.URL())
			if err == nil && len(c.Events()) == 0 {
				err = out.Flush() // nothing more is at hand: what there is must not wait
			}
			if isClosedPipe(err) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
}

// end is for when the events have ended: the client was refused, or has finished, or ctx has ended.
func (p *Pipe) end(ctx context.Context, c *client.Client, sent <-chan error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := c.Finish(ctx); err != nil {
		return err // it has ended: this does not wait
	}
	return <-sent
}

// send sends every line, then waits until the server has read them.
func (p *Pipe) send(ctx context.Context, c *client.Client) error {
	replaced := false
	for line, err := range lines(p.In, recado.MaxMessageSize) {
		if err != nil {
			p.ending.Store(true)
			return errors.Join(err, c.Finish(ctx))
		}
		if !utf8.Valid(line) {
			line = bytes.ToValidUTF8(line, []byte(string(utf8.RuneError)))
			if !replaced {
				p.tell(p.Texts.Text("chat.pipe.not_utf8"))
			}
			replaced = true
		}
		if err := c.Send(ctx, recado.Text, line); err != nil {
			if errors.Is(err, client.ErrClosed) {
				break // Finish knows why
			}
			return err
		}
	}
	p.ending.Store(true)
	return c.Finish(ctx)
}

// take deals with one event. The error is the end.
func (p *Pipe) take(e client.Event, out *bufio.Writer, begun bool, outage *bool, address string) error {
	switch e := e.(type) {
	case client.Message:
		return p.write(out, e)
	case client.Lost:
		if !p.ending.Load() {
			p.tell("recado: " + LostText(p.Texts, e))
		}
	case client.State:
		switch e.Phase {
		case client.Reconnecting:
			if !begun {
				return &UnreachableError{Err: e.Err}
			}
			if closed, is := errors.AsType[*client.CloseError](e.Err); is && closed.Code == recado.CloseTooBig {
				return closed // to go on would be to leave a line out
			}
			if !*outage {
				id, facts := Problem(e.Err, address)
				p.tell(p.Texts.Text("chat.pipe.reconnecting", "Problem", p.Texts.Text("error."+id, facts...)))
			}
			*outage = true
		case client.Connected:
			*outage = false
			p.tell(p.Texts.Text("chat.pipe.reconnected"))
		}
	}
	return nil
}

// write writes one message as one line. Binary ones are only mentioned.
func (p *Pipe) write(out *bufio.Writer, m client.Message) error {
	if m.Kind == recado.Binary {
		p.tell(p.Texts.Count("chat.pipe.binary", len(m.Data)))
		return nil
	}
	text := string(m.Data)
	if p.Terminal {
		text = SafeLine(text)
	}
	_, err := out.WriteString(strings.ReplaceAll(text, "\n", `\n`) + "\n")
	return err
}

func (p *Pipe) tell(text string) {
	p.telling.Lock()
	defer p.telling.Unlock()
	fmt.Fprintln(p.Err, text) //nolint:errcheck // there is nowhere else to say it
}

func isState(e client.Event, phase client.Phase) bool {
	state, is := e.(client.State)
	return is && state.Phase == phase
}
