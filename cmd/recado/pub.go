package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"recado"
	"recado/client"
	"recado/internal/locale"
	"recado/internal/tui"

	"github.com/spf13/cobra"
)

const (
	// underWay is how many messages may wait for their acknowledgement: enough to keep a fast connection busy.
	underWay = 1000
	// standardWait is how long one may.
	standardWait = 30 * time.Second
)

// A publication is what the command line of recado pub asks for.
type publication struct {
	caller

	words              []string // the arguments that are the message; none: the input is
	file               string
	binary, null, json bool
	wait               time.Duration
	early              bool // --wait was given: it is also for a server that is not there yet
}

func newPubCommand(p *program, texts *locale.Texts) *cobra.Command {
	var how publication
	cmd := &cobra.Command{
		Use:   "pub " + texts.Text("commands.pub.use"),
		Short: texts.Text("commands.pub.short"),
		Long:  texts.Text("commands.pub.long"),
		Example: "  recado pub ops deploy done\n  tail -f app.log | recado pub logs --name app\n" +
			"  jq -c .[] events.json | recado pub events --json\n  recado pub photos --binary --file photo.jpg",
		Args: someArguments("ROOM", 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			how.words, how.early = args[1:], cmd.Flags().Changed("wait")
			if err := how.check(); err != nil {
				return err
			}
			return p.goThere(cmd.Context(), texts, how.caller, args[:1], func(ctx context.Context, v visit) error {
				return p.pub(ctx, texts, v, how)
			})
		},
	}
	p.completeRoom(cmd, texts, &how.caller)
	f := cmd.Flags()
	f.StringVar(&how.file, "file", "", texts.Text("commands.pub.flag.file"))
	f.BoolVar(&how.null, "null", false, texts.Text("commands.pub.flag.null"))
	f.BoolVar(&how.json, "json", false, texts.Text("commands.pub.flag.json"))
	f.BoolVar(&how.binary, "binary", false, texts.Text("commands.pub.flag.binary"))
	how.addFlags(f, texts)
	f.DurationVar(&how.wait, "wait", standardWait, texts.Text("commands.pub.flag.wait"))
	p.addTrust(cmd, texts)
	return cmd
}

// check finds what cannot be asked for together.
func (how *publication) check() error {
	switch {
	case how.file != "" && len(how.words) > 0:
		return usageProblem("flags_conflict", "One", "--file", "Other", "TEXT")
	case how.null && (how.file != "" || len(how.words) > 0):
		return usageProblem("flags_conflict", "One", "--null", "Other", "--file, TEXT")
	case how.json && how.binary:
		return usageProblem("flags_conflict", "One", "--json", "Other", "--binary")
	case how.wait <= 0:
		return usageProblem("value_invalid", "Source", "--wait", "Value", how.wait)
	}
	return nil
}

// pub returns nil when every message is in the room.
func (p *program) pub(ctx context.Context, texts *locale.Texts, v visit, how publication) error {
	in := p.stdin
	if how.file != "" && how.file != "-" {
		file, err := os.Open(how.file)
		if err != nil {
			return unreadable(how.file, err)
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	config := v.memberConfig(texts)
	config.Outbox, config.OutboxAge = underWay, how.wait
	config.HandshakeTimeout = min(how.wait, 10*time.Second)
	patience := time.Duration(0)
	if how.early {
		patience = how.wait
	}
	c, err := join(ctx, config, patience)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // it is nil

	report := tui.NewReport(texts, c.URL(), p.stderr)
	sending, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer stop()
		watchPub(c, stop, report)
	}()
	sent := make(chan error, 1)
	go func() {
		sent <- how.send(sending, c, in, func() { report.Tell(texts.Text("commands.pub.not_utf8")) })
	}()
	select {
	case err = <-sent:
	case <-sending.Done(): // a read of the input that is under way cannot be called back
	}
	if sending.Err() != nil {
		err = nil // Finish knows why
	}
	return errors.Join(err, pubProblem(c.Finish(ctx), c.URL()))
}

// pubProblem says, where messages were lost since they may not be published at this address, just that.
func pubProblem(err error, address string) error {
	if fault, is := errors.AsType[*client.ServerError](err); is && fault.Code == recado.RoomForbidden {
		room := recado.Lobby
		if u, wrong := url.Parse(address); wrong == nil {
			room = cmp.Or(strings.Trim(u.Path, "/"), room)
		}
		return trouble(exitRefused, "room_forbidden", "Room", room, "Right", "publish")
	}
	return err
}

// watchPub takes the events until they end. After a loss nothing more is to be sent: the order would have a hole.
func watchPub(c *client.Client, stop func(), report *tui.Report) {
	for e := range c.Events() {
		switch e := e.(type) {
		case client.Lost:
			stop()
		case client.State, *client.ServerError:
			report.Take(e)
		}
	}
}

// send hands every message over.
func (how *publication) send(ctx context.Context, c *client.Client, in io.Reader, mended func()) error {
	limit, number, warned := c.Limits().MessageBytes, 0, false
	for content, err := range how.messages(in, limit) {
		if _, long := errors.AsType[*tui.LineTooLongError](err); long {
			return err
		}
		if err != nil {
			return unreadable(cmp.Or(how.file, "stdin"), err)
		}
		number++
		var o client.Outgoing
		switch {
		case how.binary:
			o.Binary = content
		case how.json && len(bytes.TrimSpace(content)) == 0:
			continue
		case how.json && (!utf8.Valid(content) || !json.Valid(content)):
			return &problem{id: "record_not_json", facts: []any{"Record", number}}
		case how.json:
			o.JSON = json.RawMessage(content)
		default:
			o.Text = strings.ToValidUTF8(string(content), string(utf8.RuneError))
			if !warned && !utf8.Valid(content) {
				warned = true
				mended()
			}
		}
		if _, err = c.Send(ctx, o); err != nil {
			return sendProblem(err, limit)
		}
	}
	return nil
}

func sendProblem(err error, limit int) error {
	if errors.Is(err, client.ErrTooBig) {
		return &problem{id: "message_too_big", facts: []any{"Limit", limit}, err: err}
	}
	return err
}

// messages yields the contents: the arguments, the file, or the records of the input.
func (how *publication) messages(in io.Reader, limit int) iter.Seq2[[]byte, error] {
	switch {
	case len(how.words) > 0:
		return one([]byte(strings.Join(how.words, " ")), nil)
	case how.file != "":
		return one(io.ReadAll(io.LimitReader(in, int64(limit)+1))) // which is too big, however much follows
	case how.null:
		return tui.Lines(in, 0, limit)
	}
	return tui.Lines(in, '\n', limit)
}

// unreadable is the problem with a file that recado pub cannot read.
func unreadable(name string, err error) error {
	return &problem{id: "file_unreadable", facts: []any{"File", name, "Cause", causeOf(err)}, err: err}
}

// causeOf leaves out what was tried with a file.
func causeOf(err error) error {
	if wrong, is := errors.AsType[*fs.PathError](err); is {
		return wrong.Err
	}
	return err
}

func one(content []byte, err error) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) { yield(content, err) }
}
