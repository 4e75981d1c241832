package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"recado"
	"recado/client"
	"recado/internal/locale"
	"recado/internal/tui"

	"github.com/spf13/cobra"
)

const (
	exitUnreachable = 5
	exitRefused     = 6
	exitTLS         = 7
)

// defaultServer is where recado serve listens.
const defaultServer = "ws://localhost:8765/"

func newChatCommand(p *program) *cobra.Command {
	texts, err := p.texts()
	if err != nil {
		texts = locale.New(locale.English) // the error is told when the command runs
	}
	var how chatHow
	cmd := &cobra.Command{
		Use:     "chat " + texts.Text("chat.use"),
		Short:   texts.Text("chat.short"),
		Long:    texts.Text("chat.long", "Default", p.serverAddress()),
		Example: "  recado chat\n  recado chat ops --name ana\n  recado chat wss://example.com/ops\n  tail -f app.log | recado chat logs",
		Args:    oneAddress,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.goThere(cmd.Context(), texts, how.caller, args, func(ctx context.Context, v visit) error {
				return p.chat(ctx, texts, v, how)
			})
		},
	}
	how.addFlags(cmd.Flags(), texts)
	cmd.Flags().BoolVar(&how.json, "json", false, texts.Text("chat.flag.json"))
	cmd.Flags().BoolVar(&how.plain, "plain", false, texts.Text("chat.flag.plain"))
	how.color = colorAuto
	cmd.Flags().Var(&how.color, "color", texts.Text("chat.flag.color"))
	p.addTrust(cmd, texts)
	completeFlag(cmd, "color", string(colorAuto), string(colorAlways), string(colorNever))
	p.completeRoom(cmd, texts, &how.caller)
	return cmd
}

// chatHow is what the flags of recado chat say.
type chatHow struct {
	caller

	json  bool
	plain bool
	color colorChoice
}

// userName is the one of the configuration, or else that of the system's user, if somebody can be called so in a room.
func (p *program) userName() string {
	if own, _ := p.own(); own.name != "" { // addressOf tells the error
		return own.name
	}
	name, err := recado.CleanName(cmp.Or(p.getenv("USER"), p.getenv("USERNAME")))
	if err != nil {
		return "" // the server makes one
	}
	return name
}

// chat talks in a room until the person or stdin ends.
func (p *program) chat(ctx context.Context, texts *locale.Texts, v visit, how chatHow) error {
	chat := tui.Chat{
		Texts: texts, Client: v.memberConfig(texts),
		Find: func(current, given string) (address, token string, err error) {
			address, err = roomAddress(current, given)
			address, token = withoutToken(address)
			return address, token, err
		},
		Code: func(text string) string { return qrCode(text, how.color.on(p.getenv)) },
	}
	in, isFile := p.stdin.(*os.File)
	out, isAlso := p.stdout.(*os.File)
	dumb := p.getenv("TERM") == "dumb"
	switch {
	case how.json || !isFile || !isAlso || !isTerminal(in) || !isTerminal(out):
		pipe := tui.Pipe{
			Chat: chat, In: p.stdin, Out: p.stdout, Err: p.stderr,
			JSON: how.json, Terminal: isTerminal(p.stdout),
		}
		return pipe.Run(ctx)
	case how.plain || dumb:
		line := tui.Line{Chat: chat, In: in, Out: out, Plain: dumb, Color: how.color.on(p.getenv)}
		return line.Run(ctx)
	}
	full := tui.Full{Chat: chat, In: in, Out: out, Environ: how.color.environ(p.environ(), p.getenv)}
	return full.Run(ctx)
}

// chatProblem gives the errors of a chat their texts and exit codes.
func chatProblem(err error, texts *locale.Texts, address string) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, tui.ErrInterrupted) {
		return &exitError{code: signalCode(syscall.SIGINT)}
	}
	if errors.Is(err, client.ErrNotWebSocket) {
		return &exitError{code: exitUnreachable, err: connectionProblem(err, address)}
	}
	if refused, is := errors.AsType[*client.RefusedError](err); is {
		message, hint := refusalTexts(refused, texts)
		return &exitError{code: exitRefused, err: &problem{id: "refused", facts: []any{"Message", message, "Hint", hint}, err: err}}
	}
	if lost, is := errors.AsType[*client.LostError](err); is {
		return &problem{id: "messages_lost", facts: []any{"Lost", tui.LostText(texts, lost)}, err: err}
	}
	if long, is := errors.AsType[*tui.LineTooLongError](err); is {
		return &problem{id: "line_too_long", facts: []any{"Line", long.Line, "Limit", long.Limit}, err: err}
	}
	if unreachable, is := errors.AsType[*tui.UnreachableError](err); is {
		code := exitUnreachable
		if tui.IsTLS(unreachable.Err) {
			code = exitTLS
		}
		return &exitError{code: code, err: connectionProblem(unreachable.Err, address)}
	}
	if errors.Is(err, client.ErrURL) {
		return addressProblem(address, err)
	}
	return err
}

// refusalTexts say what a refusal is, and what can be done at a command line.
func refusalTexts(refused *client.RefusedError, texts *locale.Texts) (message, hint string) {
	message, hint = tui.Refusal(refused, texts)
	if tui.WantsToken(refused) {
		hint = texts.Text("chat.refused.token.hint", "Hint", hint)
	}
	return message, hint
}

func connectionProblem(err error, address string) error {
	id, facts := tui.Problem(err, address)
	return &problem{id: id, facts: facts, err: err}
}

// A signalError is why a context ended.
type signalError struct{ signal os.Signal }

func (e signalError) Error() string { return e.signal.String() }

// signalContext ends at Ctrl+C or SIGTERM; its cause is a signalError. A pipe that nobody reads any more becomes
// an error of writing instead of a signal.
func signalContext(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	signal.Ignore(syscall.SIGPIPE)
	done := make(chan struct{})
	go func() {
		select {
		case received := <-signals:
			cancel(signalError{received})
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		signal.Reset(syscall.SIGPIPE)
		close(done)
		cancel(nil)
	}
}
