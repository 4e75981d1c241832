package main

import (
	"net/url"
	"strings"

	"recado"

	"github.com/spf13/cobra"
	"golang.org/x/text/unicode/norm"
)

// roomAddress makes an address of what a person writes for a room: its name on server, host:port/room, or the
// whole address. Whether such an address is one is for the client to say.
func roomAddress(server, given string) (string, error) {
	if strings.ContainsAny(given, "/?") || hasPort(given) {
		return withScheme(given), nil
	}
	room := norm.NFC.String(given)
	if err := recado.CheckRoom(room); err != nil {
		return "", addressProblem(given, err)
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", addressProblem(server, err)
	}
	u.Path, u.RawPath = "/"+room, ""
	return u.String(), nil
}

func addressProblem(address string, err error) error {
	return &exitError{code: exitUsage, err: &problem{id: "address_wrong", facts: []any{"Address", address}, err: err}}
}

// withScheme lets a person write host:port for ws://host:port.
func withScheme(address string) string {
	if strings.Contains(address, "://") {
		return address
	}
	return "ws://" + address
}

// hasPort tells host:port from the name of a room with a colon in it.
func hasPort(given string) bool {
	i := strings.LastIndexByte(given, ':')
	return i > 0 && i < len(given)-1 && strings.Trim(given[i+1:], "0123456789") == ""
}

// oneAddress allows at most one argument: a room, or an address.
func oneAddress(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return &exitError{code: exitUsage, err: &problem{id: "argument_unexpected", facts: []any{"Argument", args[1]}}}
	}
	return nil
}

// addressOf is what the arguments that oneAddress let through name, on the server of the configuration unless they
// name another.
func (p *program) addressOf(args []string) (string, error) {
	own, err := p.own()
	if err != nil {
		return "", err
	}
	if len(args) == 0 {
		return withScheme(own.server), nil
	}
	return roomAddress(withScheme(own.server), args[0])
}

// A serverValue is the address of a server.
type serverValue struct{ to *string }

func (v serverValue) Set(s string) error {
	if u, err := url.Parse(withScheme(s)); err != nil || u.Host == "" {
		return want("server")
	}
	*v.to = s
	return nil
}

func (v serverValue) String() string { return *v.to }
func (v serverValue) Type() string   { return serverType }

const serverType = "server"

// A nameValue is what a member is called; "" for a name of another source.
type nameValue struct{ to *string }

func (v nameValue) Set(s string) error {
	name, err := recado.CleanName(s)
	if err != nil && s != "" {
		return want("name", "Max", recado.MaxName)
	}
	*v.to = name
	return nil
}

func (v nameValue) String() string { return *v.to }
func (v nameValue) Type() string   { return textType }
