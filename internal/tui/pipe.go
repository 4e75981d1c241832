package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"unicode/utf8"

	"recado"
	"recado/client"
)

// underWay is how many lines may wait for their acknowledgement: enough to keep a fast connection busy.
const underWay = 1000

// Pipe is a chat between programs: the lines of In become messages, and each text that comes is a line of Out.
type Pipe struct {
	Chat

	In       io.Reader
	Out      io.Writer
	Err      io.Writer // what happens meanwhile, for a person
	JSON     bool      // a line of Out is a JSON object with all that is known of a message
	Terminal bool      // Out is a terminal: what others say is made safe for it

	ending atomic.Bool // every line is handed over: what is lost from now on is told by the error
}

// Run connects, sends the lines of In, and returns nil when all of them are in the room. Text comes and goes
// meanwhile; when nobody reads Out any more, that is the end too. An *UnreachableError means that there was no
// connection to begin with; later ones that break are replaced.
// A read of In that is under way when Run returns cannot be called back; it ends with In or with the program.
func (p *Pipe) Run(ctx context.Context) error {
	config := p.Client
	config.Outbox = underWay
	c, err := client.Dial(ctx, config)
	if err != nil {
		return firstAttempt(ctx, err)
	}
	defer c.Close() //nolint:errcheck // it is nil
	report := NewReport(p.Texts, c.URL(), p.Err)
	sent := make(chan error, 1)
	go func() { sent <- p.send(ctx, c, report) }()
	return p.receive(ctx, c, report, sent)
}

// firstAttempt tells what is wrong with the address or with us from what is wrong with the server or the way there.
func firstAttempt(ctx context.Context, err error) error {
	_, refused := errors.AsType[*client.RefusedError](err)
	if refused || ctx.Err() != nil || errors.Is(err, client.ErrURL) || errors.Is(err, recado.ErrName) {
		return err
	}
	return &UnreachableError{Err: err}
}

// receive writes what comes, until the sending has ended.
func (p *Pipe) receive(ctx context.Context, c *client.Client, report *Report, sent <-chan error) error {
	out, lost := NewOutput(p.Out, p.JSON, p.Terminal, report.LeftOut), losses{}
	defer out.Flush() //nolint:errcheck // the end has its own error, or nobody reads any more
	for {
		select {
		case err := <-sent:
			return err
		case e, open := <-c.Events():
			if !open {
				return p.end(ctx, c, sent)
			}
			var err error
			switch e := e.(type) {
			case client.Message:
				_, err = out.Take(e)
			case client.Lost:
				if text := lost.add(p.Texts, e); text != "" && !p.ending.Load() {
					report.Tell(text)
				}
			default:
				report.Take(e)
			}
			if err == nil && len(c.Events()) == 0 {
				err = out.Flush()
			}
			if IsClosedPipe(err) {
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

// send sends every line, then waits until all of them are in the room.
func (p *Pipe) send(ctx context.Context, c *client.Client, report *Report) error {
	limit, number, replaced := c.Limits().MessageBytes, 0, false
	for line, err := range Lines(p.In, '\n', limit) {
		number++
		if err == nil && !utf8.Valid(line) {
			line = bytes.ToValidUTF8(line, []byte(string(utf8.RuneError)))
			if !replaced {
				report.Tell(p.Texts.Text("chat.pipe.not_utf8"))
			}
			replaced = true
		}
		if err == nil {
			_, err = c.Send(ctx, client.Outgoing{Text: string(line)})
		}
		switch {
		case err == nil:
			continue
		case errors.Is(err, client.ErrClosed): // Finish knows why
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, client.ErrTooBig):
			err = &LineTooLongError{Line: number, Limit: limit}
			fallthrough
		default:
			p.ending.Store(true)
			return errors.Join(err, c.Finish(ctx))
		}
		break
	}
	p.ending.Store(true)
	return c.Finish(ctx)
}
