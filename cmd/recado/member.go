package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"recado"
	"recado/client"
	"recado/internal/locale"
	"recado/internal/tui"

	"github.com/spf13/cobra"
)

// serverAddress is what is meant where no server is named.
func (p *program) serverAddress() string {
	own, _ := p.own() // addressOf tells the error
	return own.server
}

// memberConfig is for a program that joins the room at address.
func (p *program) memberConfig(texts *locale.Texts, address, name string) client.Config {
	return client.Config{URL: address, Name: cmp.Or(name, p.userName()), Header: requestHeader(texts), TLS: p.tls()}
}

// requestHeader lets a server answer in the language of the person.
func requestHeader(texts *locale.Texts) http.Header {
	return http.Header{"Accept-Language": {string(texts.Language())}, "User-Agent": {"recado"}}
}

// retryEvery is how long to wait for a server that is not there yet before another attempt.
const retryEvery = 500 * time.Millisecond

// join enters the room. While nothing answers, it tries again for as long as patience says.
func join(ctx context.Context, config client.Config, patience time.Duration) (*client.Client, error) {
	deadline := time.Now().Add(patience)
	for {
		c, err := client.Dial(ctx, config)
		if err == nil || ctx.Err() != nil || !worthWaiting(err) {
			return c, err
		}
		if time.Until(deadline) < retryEvery {
			return nil, &tui.UnreachableError{Err: err}
		}
		select {
		case <-time.After(retryEvery):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// worthWaiting tells what is wrong with the server or the way there from what is wrong with us or the address.
func worthWaiting(err error) bool {
	_, refused := errors.AsType[*client.RefusedError](err)
	return !refused && !errors.Is(err, client.ErrURL) && !errors.Is(err, recado.ErrName)
}

// memberProblem is the problem with which a program left the room at address, or did not get there.
func memberProblem(ctx context.Context, err error, texts *locale.Texts, address, name string) error {
	if received, is := errors.AsType[signalError](context.Cause(ctx)); is && ctx.Err() != nil {
		return &exitError{code: signalCode(received.signal)}
	}
	if errors.Is(err, recado.ErrName) {
		return badValue("--name", name, err)
	}
	return chatProblem(err, texts, address)
}

// someArguments wants at least the one that is called what, and at most so many; 0 is no limit.
func someArguments(what string, limit int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usageProblem("argument_missing", "Argument", what)
		case limit > 0 && len(args) > limit:
			return usageProblem("argument_unexpected", "Argument", args[limit])
		}
		return nil
	}
}

func usageProblem(id string, facts ...any) error {
	return &exitError{code: exitUsage, err: &problem{id: id, facts: facts}}
}

// An outage tells a person that the connection of a program is lost, and that it is back.
type outage struct {
	texts   *locale.Texts
	address string
	tell    func(text string)
	now     bool
}

// take looks at a state of the connection.
func (o *outage) take(s client.State) {
	passing := s.Wait == 0 && errors.Is(s.Err, client.ErrResync) // it comes back at once, where it was
	switch {
	case s.Phase == client.Reconnecting && !o.now && !passing:
		id, facts := tui.Problem(s.Err, o.address)
		o.now = true
		o.tell(o.texts.Text("commands.reconnecting", "Problem", o.texts.Text("error."+id, facts...)))
	case s.Phase == client.Connected && o.now:
		o.now = false
		o.tell(o.texts.Text("commands.reconnected"))
	}
}
