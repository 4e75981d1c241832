// Command recado relays what one client says to everyone else in the room: a WebSocket server, the web
// page where people talk through it, and a terminal client.
package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"recado/internal/locale"

	"golang.org/x/term"
)

// The exit codes; a signal that ends a command adds 128 to its number.
const (
	exitFailure = 1 // at run time
	exitUsage   = 2
	exitConfig  = 3
	exitBind    = 4
)

func main() {
	p := &program{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		getenv: os.Getenv, environ: os.Environ,
	}
	os.Exit(p.run(context.Background(), os.Args[1:]))
}

// A program is the outside world that the commands see. The context that they get is never ended by a
// signal: each command watches for those it answers.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	environ        func() []string
	lang           string         // the value of --lang
	roots          *x509.CertPool // from --ca; nil: those of the system
	read           *locale.Texts
	configFlag     string        // the value of --config
	client         *clientConfig // nil: not read yet
	clientError    error
}

// texts returns the texts in the language that the person asked for.
func (p *program) texts() (*locale.Texts, error) {
	language, err := locale.Detect(p.lang, p.getenv)
	if err == nil {
		if p.read == nil || p.read.Language() != language {
			p.read = locale.New(language)
		}
		return p.read, nil
	}
	if p.lang != "" {
		return nil, &exitError{code: exitUsage, err: &problem{
			id: "language_unknown", facts: []any{"Source", "--lang", "Value", p.lang}, err: err,
		}}
	}
	return nil, &exitError{code: exitConfig, err: &problem{
		id: "language_unknown", facts: []any{"Source", "RECADO_LANG", "Value", p.getenv("RECADO_LANG")}, err: err,
	}}
}

// run executes the command that args name and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	// Before the commands are made, since their help is in that language and names that server.
	p.lang, p.configFlag = flagIn(args, "--lang"), flagIn(args, "--config")
	texts, err := p.texts()
	if err != nil {
		return p.fail(locale.New(locale.English), err)
	}
	root := newRootCommand(p, texts)
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		return p.fail(texts, outputTrouble(err))
	}
	return 0
}

// outputTrouble gives an error of writing to stdout its texts, if the command has not.
func outputTrouble(err error) error {
	_, told := errors.AsType[*problem](err)
	file, is := errors.AsType[*fs.PathError](err)
	if told || !is || file.Op != "write" || file.Path != os.Stdout.Name() {
		return err
	}
	return writeProblem(err)
}

// fail tells the person what went wrong, and returns the exit code that says it to a script. Of several errors, each
// is told, and the code is that of the first.
func (p *program) fail(texts *locale.Texts, err error) int {
	if many := joined(err); many != nil {
		code := 0
		for _, each := range many {
			code = cmp.Or(code, p.fail(texts, each))
		}
		return code
	}
	code := exitFailure
	if exit, ok := errors.AsType[*exitError](err); ok {
		code = exit.code
		if exit.err == nil {
			return code
		}
	}
	if message, hint := describe(texts, err); hint == "" {
		say(p.stderr, "recado: "+message+"\n")
	} else {
		say(p.stderr, "recado: "+message+"\n        "+hint+"\n")
	}
	return code
}

// describe says what went wrong, and what helps, if that is known.
func describe(texts *locale.Texts, err error) (message, hint string) {
	var trouble *problem
	if !errors.As(err, &trouble) {
		return err.Error(), ""
	}
	id := "error." + trouble.id + ".hint"
	if trouble.variant != "" {
		id += "." + trouble.variant
	}
	return texts.Text("error."+trouble.id, trouble.facts...) + " [" + trouble.id + "]", texts.Text(id, trouble.facts...)
}

// joined are the errors that err joins, nil if it is a single one.
func joined(err error) []error {
	if many, is := err.(interface{ Unwrap() []error }); is {
		return many.Unwrap()
	}
	return nil
}

// An exitError ends the program with this exit code. Its error is told on stderr; nil says that the
// command has told everything itself.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// A problem is an error with texts in both languages: "error.<id>" and "error.<id>.hint", or
// "error.<id>.hint.<variant>" where what helps depends on the case.
type problem struct {
	id, variant string
	facts       []any // pairs, as locale.Texts.Text takes them
	err         error // the cause, or nil
}

func (e *problem) Error() string { return fmt.Sprintf("%s %v: %v", e.id, e.facts, e.err) }

func (e *problem) Unwrap() error { return e.err }

// atTerminal reports whether a person is at the other end of one of the program's streams.
func (p *program) atTerminal() bool {
	return isTerminal(p.stdin) || isTerminal(p.stdout) || isTerminal(p.stderr)
}

// isTerminal reports whether a person is at the other end of stream, one of the program's three.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
