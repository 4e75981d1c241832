package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"recado/client"
	"recado/internal/locale"
	"recado/internal/tui"

	"github.com/spf13/cobra"
)

// checkTime bounds each step of a diagnosis.
const checkTime = 10 * time.Second

// What a check found. The words are the same in every language.
const (
	isOK   = "ok"
	isWarn = "warn"
	isFail = "fail"
)

// A diagnosis looks at the way to a server step by step, and tells what it finds as it goes.
type diagnosis struct {
	texts  *locale.Texts
	lookup *lookup
	tell   func(finding)
	failed bool
}

// A finding is the outcome of one check.
type finding struct {
	Check  string `json:"check"`
	Result string `json:"result"`
	Text   string `json:"text"`
	Hint   string `json:"hint,omitempty"`
}

func newDoctorCommand(p *program, texts *locale.Texts) *cobra.Command {
	var asJSON bool
	cmd := newLookCommand(p, texts, "doctor", func(ctx context.Context, l *lookup) error {
		d := &diagnosis{texts: texts, lookup: l}
		var broken error
		d.tell = func(f finding) {
			if broken == nil {
				broken = p.tellFinding(f, asJSON)
			}
		}
		d.run(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case broken != nil && !tui.IsClosedPipe(broken):
			return writeProblem(broken)
		case d.failed:
			return &exitError{code: exitAssertion}
		}
		return nil
	})
	cmd.Example = "  recado doctor\n  recado doctor wss://example.com/ops"
	cmd.Flags().BoolVar(&asJSON, "json", false, texts.Text("commands.flag.json"))
	return cmd
}

func (p *program) tellFinding(f finding, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(f)
	}
	line := fmt.Sprintf("%-5s %-10s %s\n", f.Result, f.Check, f.Text)
	if f.Hint != "" {
		line += strings.Repeat(" ", 17) + f.Hint + "\n"
	}
	_, err := fmt.Fprint(p.stdout, line)
	return err
}

// run makes every check that still makes sense after those before it.
func (d *diagnosis) run(ctx context.Context) {
	d.files()
	addresses := d.resolve(ctx)
	if len(addresses) == 0 || !d.connect(ctx, addresses) || !d.secure(ctx, addresses) {
		return
	}
	recado, answers := d.ask(ctx)
	if !answers || !d.upgrade(ctx) || !recado {
		return
	}
	d.origin(ctx)
	d.join(ctx)
}

func (d *diagnosis) ok(check, text string) { d.tell(finding{Check: check, Result: isOK, Text: text}) }

func (d *diagnosis) warn(check, text, hint string) {
	d.tell(finding{Check: check, Result: isWarn, Text: text, Hint: hint})
}

func (d *diagnosis) fail(check, text, hint string) {
	d.failed = true
	d.tell(finding{Check: check, Result: isFail, Text: text, Hint: hint})
}

// problem fails with the texts of an error.
func (d *diagnosis) problem(check string, err error) {
	if unreachable, is := errors.AsType[*tui.UnreachableError](err); is {
		err = unreachable.Err
	}
	if refused, is := errors.AsType[*client.RefusedError](err); is {
		message, hint := refusalTexts(refused, d.texts)
		d.fail(check, message, hint)
		return
	}
	id, facts := tui.Problem(err, d.lookup.address)
	d.fail(check, d.texts.Text("error."+id, facts...), d.texts.Text("error."+id+".hint", facts...))
}

// files looks at how many connections this machine lets a program have.
func (d *diagnosis) files() {
	soft, hard := fileLimit()
	text := d.texts.Text("commands.doctor.files", "Soft", soft, "Hard", hard)
	if soft < 1024 {
		d.warn("files", text, d.texts.Text("commands.doctor.files.hint"))
		return
	}
	d.ok("files", text)
}

// join talks to the server as a member of the room does.
func (d *diagnosis) join(ctx context.Context) {
	config := d.lookup.memberConfig(d.texts)
	config.Name, config.HandshakeTimeout = "recado doctor", checkTime
	c, err := client.Dial(ctx, config)
	if err != nil {
		d.problem("join", err)
		return
	}
	defer c.Close() //nolint:errcheck // it is nil
	go func() {
		for range c.Events() { // somebody must take them
		}
	}()
	d.ok("join", d.texts.Count("commands.doctor.join", c.Count(), "Room", d.lookup.room))
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	best := time.Duration(0)
	for range 5 {
		asked := time.Now()
		if _, err = c.History(ctx, c.Position(), 1); err != nil {
			d.problem("round trip", err)
			return
		}
		if took := time.Since(asked); best == 0 || took < best {
			best = took
		}
	}
	d.ok("round trip", d.texts.Text("commands.doctor.round_trip", "Time", best.Round(time.Microsecond*10)))
	d.limits(c.Limits())
}

func (d *diagnosis) limits(l client.Limits) {
	rate := d.texts.Text("commands.doctor.no_limit")
	if l.MessagesPerSecond > 0 {
		rate = formatCount(l.MessagesPerSecond)
	}
	d.ok("limits", d.texts.Text("commands.doctor.limits",
		"Size", formatSize(l.MessageBytes), "Rate", rate, "Queue", formatSize(l.QueueBytes)))
}
