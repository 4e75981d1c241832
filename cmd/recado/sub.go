package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"recado/client"
	"recado/internal/locale"
	"recado/internal/tui"

	"github.com/spf13/cobra"
)

// lookEvery is how often a quiet subscription looks whether it is still wanted.
const lookEvery = 500 * time.Millisecond

// A subscription is what the command line of recado sub asks for.
type subscription struct {
	caller

	command         []string // to run for each message; none: the messages are written
	since           string
	json            bool
	limit, parallel int
	timeout         time.Duration
}

func newSubCommand(p *program, texts *locale.Texts) *cobra.Command {
	var how subscription
	cmd := &cobra.Command{
		Use:   "sub " + texts.Text("commands.sub.use"),
		Short: texts.Text("commands.sub.short"),
		Long:  texts.Text("commands.sub.long"),
		Example: "  recado sub ops --since 10m\n  recado sub alerts --json | jq -r 'select(.text|test(\"ERROR\")).text'\n" +
			"  recado sub deploy -- ./deploy.sh\n  recado sub ops --limit 1 --timeout 1m",
		Args: func(cmd *cobra.Command, args []string) error {
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				args, how.command = args[:dash], args[dash:]
				if len(how.command) == 0 {
					return usageProblem("argument_missing", "Argument", "CMD")
				}
			}
			return someArguments("ROOM", 1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := how.check(); err != nil {
				return err
			}
			return p.goThere(cmd.Context(), texts, how.caller, args[:1], func(ctx context.Context, v visit) error {
				// A signal that we ignore, as signalContext does, the commands would ignore too.
				signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
				return p.sub(ctx, texts, v, &how)
			})
		},
	}
	p.completeRoom(cmd, texts, &how.caller)
	f := cmd.Flags()
	f.BoolVar(&how.json, "json", false, texts.Text("commands.sub.flag.json"))
	f.StringVar(&how.since, "since", "", texts.Text("commands.sub.flag.since"))
	f.IntVar(&how.limit, "limit", 0, texts.Text("commands.sub.flag.limit"))
	f.DurationVar(&how.timeout, "timeout", 0, texts.Text("commands.sub.flag.timeout"))
	f.IntVar(&how.parallel, "parallel", 1, texts.Text("commands.sub.flag.parallel"))
	how.addFlags(f, texts)
	p.addTrust(cmd, texts)
	return cmd
}

// check finds what cannot be asked for.
func (how *subscription) check() error {
	switch {
	case how.json && len(how.command) > 0:
		return usageProblem("flags_conflict", "One", "--json", "Other", "CMD")
	case how.limit < 0:
		return usageProblem("value_invalid", "Source", "--limit", "Value", how.limit)
	case how.timeout < 0:
		return usageProblem("value_invalid", "Source", "--timeout", "Value", how.timeout)
	case how.parallel < 1:
		return usageProblem("value_invalid", "Source", "--parallel", "Value", how.parallel)
	}
	if len(how.command) > 0 {
		if _, err := exec.LookPath(how.command[0]); err != nil {
			return usageProblem("program_missing", "Program", how.command[0])
		}
	}
	return checkSince(how.since)
}

// A sink takes the messages of a subscription.
type sink interface {
	// take reports whether the message counts. An error ends the subscription.
	take(ctx context.Context, m client.Message) (counts bool, err error)
	// rest is for when nothing more is at hand.
	rest() error
	// gone reports that nobody takes what comes out any more.
	gone() bool
	// close waits for what is under way.
	close() error
}

// sub passes the messages on until the limit, the time, a signal, or that nobody reads them any more.
func (p *program) sub(ctx context.Context, texts *locale.Texts, v visit, how *subscription) error {
	l, err := newLookup(texts, v)
	if err != nil {
		return err
	}
	config := v.memberConfig(texts)
	if how.since != "" {
		if config.Since, err = l.start(ctx, how.since); err != nil {
			return err
		}
	}
	c, err := join(ctx, config, 0)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // it is nil
	report := tui.NewReport(texts, c.URL(), p.stderr)
	var to sink = writer{p.stdout, tui.NewOutput(p.stdout, how.json, isTerminal(p.stdout), report.LeftOut)}
	if len(how.command) > 0 {
		to = newRunner(p, how, l.room, func(seq uint64, err error) {
			report.Tell(texts.Text("commands.sub.failed", "Program", how.command[0], "Cause", err, "Seq", seq))
		})
	}
	err = follow(ctx, c, to, how, report)
	if end := to.close(); err == nil {
		err = end
	}
	if tui.IsClosedPipe(err) {
		return nil
	}
	return err
}

// follow gives the sink what comes.
func follow(ctx context.Context, c *client.Client, to sink, how *subscription, report *tui.Report) error {
	var late <-chan time.Time // nil blocks: there is no hurry
	if how.timeout > 0 {
		late = time.After(how.timeout)
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for count := 0; how.limit == 0 || count < how.limit; {
		select {
		case e, open := <-c.Events():
			if !open {
				return errors.Join(ctx.Err(), c.Finish(ctx)) // it has ended: this does not wait
			}
			counted, err := takeAtHand(ctx, c, e, to, report, how.limit-count)
			if err != nil {
				return err
			}
			count += counted
		case <-late:
			if how.limit > 0 {
				return &problem{id: "too_few_messages", facts: []any{"Count", count, "Limit", how.limit, "Timeout", how.timeout}}
			}
			return nil
		case <-look.C:
			if to.gone() {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// atOnce is how many events are taken before anything else has its turn.
const atOnce = 1000

// takeAtHand gives the sink an event and those that are there already, until so many count; 0 is no limit.
func takeAtHand(ctx context.Context, c *client.Client, e client.Event, to sink, report *tui.Report, limit int) (counted int, err error) {
	for n := 1; ; n++ {
		counts, err := takeEvent(ctx, e, to, report)
		if err != nil {
			return counted, err
		}
		if counts {
			counted++
		}
		if n == atOnce || counts && counted == limit || len(c.Events()) == 0 {
			return counted, to.rest()
		}
		e = <-c.Events()
	}
}

func takeEvent(ctx context.Context, e client.Event, to sink, report *tui.Report) (counts bool, err error) {
	if m, is := e.(client.Message); is {
		return to.take(ctx, m)
	}
	report.Take(e)
	return false, nil
}
