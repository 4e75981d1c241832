package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/spf13/pflag"
)

const (
	configName     = "recado.toml"
	configVariable = "RECADO_CONFIG"
	noConfig       = "none" // for no file
	maxConfig      = 1 << 20
)

// configFile is the file that holds the settings, "" if there is none: the one that was named, else the first that
// is there.
func (p *program) configFile() (name string, named bool) {
	name = p.configFlag
	if name == "" {
		name = p.getenv(configVariable)
	}
	switch name {
	case noConfig:
		return "", true
	case "":
	default:
		return name, true
	}
	places := []string{configName}
	if own, err := os.UserConfigDir(); err == nil {
		places = append(places, filepath.Join(own, "recado", configName))
	}
	for _, place := range append(places, filepath.Join("/etc", "recado", configName)) {
		// One that cannot be looked at may well be there, and say who may come in.
		if _, err := os.Stat(place); err == nil || errors.Is(err, fs.ErrPermission) {
			return place, false
		}
	}
	return "", false
}

// readDocument reads the file of that name; "" is none.
func readDocument(name string) ([]entry, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, unreadableConfig(name, err)
	}
	defer file.Close() //nolint:errcheck // it is only read
	text, err := io.ReadAll(io.LimitReader(file, maxConfig+1))
	if err == nil && len(text) > maxConfig {
		err = errors.New("it is too large")
	}
	if err != nil {
		return nil, unreadableConfig(name, err)
	}
	return parseDocument(name, bytes.TrimPrefix(text, []byte("\ufeff"))) // which some editors on Windows begin with
}

func unreadableConfig(name string, err error) error {
	return &exitError{code: exitConfig, err: &problem{
		id: "config_unreadable", facts: []any{"File", name, "Cause", causeOf(err)}, err: err,
	}}
}

// configure makes the configuration that the file, the environment and the flags, which have set given, come to.
// A later one of these wins over an earlier one. The error is everything that is wrong, joined.
func (p *program) configure(flags *pflag.FlagSet, given *config) (*config, error) {
	c := newConfig()
	file, _ := p.configFile()
	entries, err := readDocument(file)
	problems := []error{err}
	problems = append(problems, c.takeEntries(entries)...)
	problems = append(problems, c.takeEnvironment(p.environ())...)
	problems = append(problems, c.takeFlags(flags, given)...)
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	c.file = file
	for _, r := range c.rooms {
		c.limits.RoomRules = append(c.limits.RoomRules, r.rule)
	}
	c.limits = c.limits.WithDefaults()
	c.addresses()
	return c, errors.Join(c.check()...)
}

// own is what the file and the environment say for the commands that talk to a server: read once. What the file says
// for the server is not looked at, and one that is for somebody else's eyes only is none.
func (p *program) own() (clientConfig, error) {
	if p.client == nil {
		p.client = new(clientConfig)
		*p.client, p.clientError = p.readOwn()
	}
	return *p.client, p.clientError
}

func (p *program) readOwn() (clientConfig, error) {
	c := newConfig()
	name, named := p.configFile()
	entries, err := readDocument(name)
	if errors.Is(err, fs.ErrPermission) && !named {
		err = nil
	}
	problems := []error{err}
	problems = append(problems, c.takeEntries(slices.DeleteFunc(entries, func(e entry) bool {
		return !strings.HasPrefix(e.key+".", clientTable)
	}))...)
	for _, s := range c.settings() {
		if value := p.getenv(s.variable()); s.isClients() && value != "" {
			if err := s.set(value); err != nil {
				problems = append(problems, badValue(s.variable(), value, err))
			}
		}
	}
	return c.client, errors.Join(problems...)
}

// takeEntries sets what a file says, and refuses what it says of things that nobody knows.
func (c *config) takeEntries(entries []entry) (problems []error) {
	settings := c.settings()
	unknown := "" // a table whose entries are not worth a word each
	for _, e := range entries {
		if unknown != "" && strings.HasPrefix(e.key, unknown+".") {
			continue
		}
		unknown = ""
		known, origins := settings, c.origins
		if e.room > 0 {
			r := c.rule(e)
			known, origins = r.settings(), r.origins
			if e.kind == unstable.ArrayTable && e.key == roomsTable {
				continue
			}
		}
		i := slices.IndexFunc(known, func(s setting) bool { return s.key == e.key })
		isTable := slices.ContainsFunc(known, func(s setting) bool { return strings.HasPrefix(s.key, e.key+".") })
		var err error
		switch {
		case i >= 0:
			err, unknown = known[i].takeEntry(e), e.key
			origins[e.key] = e.line()
		case e.key == roomsTable:
			err, unknown = want("toml_rooms"), e.key
		case isTable && e.kind != unstable.Table:
			err, unknown = want("toml_table", "Key", e.key), e.key
		case !isTable:
			problems, unknown = append(problems, unknownKey(e, known)), e.key
		}
		if err != nil {
			problems = append(problems, badValue(e.at+" "+e.key, strings.Join(e.texts, ", "), err))
		}
	}
	return problems
}

// line is where the entry stands, without the column.
func (e entry) line() string { return e.at[:strings.LastIndexByte(e.at, ':')] }

// unknownKey names what nobody knows: the table, if that is it.
func unknownKey(e entry, known []setting) error {
	names := []string{roomsTable}
	for _, s := range known {
		table, _, _ := strings.Cut(s.key, ".")
		names = append(names, s.key, table)
	}
	name, _, _ := strings.Cut(e.key, ".")
	if slices.Contains(names, name) {
		name = e.key
	}
	err := withSuggestion("config_unknown_key", name, names)
	if p, is := errors.AsType[*problem](err); is {
		p.facts = append(p.facts, "Source", e.at)
	}
	return &exitError{code: exitConfig, err: err}
}
