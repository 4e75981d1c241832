package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"recado"
	"recado/client"
	"recado/internal/locale"
	"recado/internal/tui"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// serverAddress is what is meant where no server is named.
func (p *program) serverAddress() string {
	own, _ := p.own() // addressOf tells the error
	return own.server
}

// A caller is who comes to a server, as the flags have it.
type caller struct{ name, tokenFile string }

// addTokenFlag is for commands that need no name.
func (c *caller) addTokenFlag(flags *pflag.FlagSet, texts *locale.Texts) {
	flags.Var(fileValue{&c.tokenFile}, "token-file", texts.Text("chat.flag.token_file"))
}

func (c *caller) addFlags(flags *pflag.FlagSet, texts *locale.Texts) {
	flags.StringVar(&c.name, "name", "", texts.Text("chat.flag.name"))
	c.addTokenFlag(flags, texts)
}

// A visit is a caller at a room: what is needed to go there.
type visit struct {
	address string // without a token
	token   string
	name    string // "" lets the server make one
	trust   *tls.Config
}

// visit finds out where the arguments lead to, and what shows there who we are: the file counts more than the address,
// and that more than the variable.
func (p *program) visit(c caller, args []string) (visit, error) {
	address, err := p.addressOf(args)
	if err != nil {
		return visit{}, err
	}
	v := visit{name: cmp.Or(c.name, p.userName()), trust: p.tls()}
	v.address, v.token = withoutToken(address)
	v.token = cmp.Or(v.token, p.getenv("RECADO_TOKEN"))
	if c.tokenFile != "" {
		content, err := os.ReadFile(c.tokenFile)
		if err != nil {
			return v, unreadable(c.tokenFile, err)
		}
		v.token = strings.TrimSpace(string(content))
	}
	if strings.ContainsFunc(v.token, func(r rune) bool { return r <= ' ' || r > '~' }) || c.tokenFile != "" && v.token == "" {
		return v, usageProblem("token_wrong")
	}
	return v, nil
}

// goThere goes where the arguments lead and does something there, until a signal ends it.
func (p *program) goThere(ctx context.Context, texts *locale.Texts, c caller, args []string, do func(context.Context, visit) error) error {
	v, err := p.visit(c, args)
	if err != nil {
		return err
	}
	ctx, stop := signalContext(ctx)
	defer stop()
	return memberProblem(ctx, do(ctx, v), texts, v)
}

// withoutToken takes the token out of an address: it is not to be shown, or kept by anybody on the way.
func withoutToken(address string) (clean, token string) {
	u, err := url.Parse(address)
	if err != nil || !u.Query().Has("token") {
		return address, ""
	}
	query := u.Query()
	token = query.Get("token")
	query.Del("token")
	u.RawQuery = query.Encode()
	return u.String(), token
}

// memberConfig is for a program that joins a room.
func (v visit) memberConfig(texts *locale.Texts) client.Config {
	return client.Config{URL: v.address, Name: v.name, Token: v.token, Header: requestHeader(texts), TLS: v.trust}
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

// memberProblem is the problem with which a program left a room, or did not get there.
func memberProblem(ctx context.Context, err error, texts *locale.Texts, v visit) error {
	if received, is := errors.AsType[signalError](context.Cause(ctx)); is && ctx.Err() != nil {
		return &exitError{code: signalCode(received.signal)}
	}
	if errors.Is(err, recado.ErrName) {
		return badValue("--name", v.name, err)
	}
	return chatProblem(err, texts, v.address)
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
