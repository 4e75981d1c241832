package main

import (
	"errors"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"unicode"

	"recado"
	"recado/internal/auth"

	"github.com/spf13/pflag"
)

// An accessConfig says who may come in. Nothing set: everybody.
type accessConfig struct {
	passwordFile string
	secretFile   string
	keyFiles     []string
	keySet       string
	audience     string
	metricsFile  string
}

func (c *accessConfig) closed() bool {
	return c.passwordFile != "" || c.secretFile != "" || len(c.keyFiles) > 0 || c.keySet != ""
}

// tokens reads what the tokens are checked with; nil if everybody may come in.
func (c *accessConfig) tokens(log *slog.Logger) (*auth.Tokens, error) {
	if !c.closed() {
		return nil, nil //nolint:nilnil // no tokens are asked for
	}
	config := auth.TokensConfig{KeySet: c.keySet, Audience: c.audience, Log: log}
	var problems []error
	if c.passwordFile != "" {
		password, err := readLine(c.passwordFile, log)
		config.Password, problems = password, append(problems, err)
	}
	if c.secretFile != "" {
		secret, err := readSecret(c.secretFile, log)
		if wrong := auth.CheckSecret(secret); err == nil && wrong != nil {
			err = unusable(c.secretFile, wrong)
		}
		config.Secret, problems = secret, append(problems, err)
	}
	for _, name := range c.keyFiles {
		key, err := os.ReadFile(name)
		if err == nil {
			err = auth.CheckKeys(key)
		}
		if err != nil {
			problems = append(problems, unusable(name, err))
		}
		config.Keys = append(config.Keys, key)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	tokens, err := auth.NewTokens(config)
	if err != nil {
		return nil, unusable(c.keySet, err) // all else has been looked at
	}
	return tokens, nil
}

// metricsToken takes what lets others than programs on this machine read the numbers; nil if nothing does.
func (c *accessConfig) metricsToken(log *slog.Logger) (recado.Authenticator, error) {
	if c.metricsFile == "" {
		return nil, nil //nolint:nilnil // nobody is let in
	}
	token, err := readLine(c.metricsFile, log)
	if err != nil {
		return nil, err
	}
	return auth.NewTokens(auth.TokensConfig{Password: token})
}

// readLine reads the first line of a file that nobody else should be able to read, without spaces at its ends: a header
// cannot have them.
func readLine(name string, log *slog.Logger) (string, error) {
	content, err := readSecret(name, log)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(content), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", unusable(name, errors.New("its first line is empty"))
	}
	return line, nil
}

// readSecret reads a file that nobody else should be able to read. The end of its last line is not part of it.
func readSecret(name string, log *slog.Logger) ([]byte, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, unusable(name, err)
	}
	if about, err := os.Stat(name); err == nil && about.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		log.Warn("other users can read a file with a secret: chmod 600", "file", name, "mode", about.Mode().Perm().String())
	}
	return []byte(strings.TrimRight(string(content), "\r\n")), nil
}

// unusable is the problem with what tokens are checked or signed with.
func unusable(source string, err error) error {
	return trouble(exitConfig, "access_unusable", "Source", source, "Cause", causeOf(err))
}

// A keySetValue is the address of a key set; "" is none.
type keySetValue struct{ to *string }

func (v keySetValue) Set(s string) error {
	if s != "" && auth.CheckKeySet(s) != nil {
		return want("key_set")
	}
	*v.to = s
	return nil
}

func (v keySetValue) String() string { return *v.to }
func (v keySetValue) Type() string   { return "url" }

const textType = "text"

// A textValue is any text that can be seen.
type textValue struct{ to *string }

func (v textValue) Set(s string) error {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return want("text")
	}
	*v.to = s
	return nil
}

func (v textValue) String() string { return *v.to }
func (v textValue) Type() string   { return textType }

// A roomsValue is what a token allows: a pattern of rooms and the rights there, such as ops-*=subscribe,publish.
type roomsValue struct{ to *map[string][]string }

var _ pflag.Value = roomsValue{}

func (v roomsValue) Set(s string) error {
	i := strings.LastIndexByte(s, '=') // a room's name may have one, too
	if i < 1 {
		return want("rooms")
	}
	pattern, rights := s[:i], strings.Split(s[i+1:], ",")
	if recado.CheckPattern(pattern) != nil {
		return want("rooms")
	}
	for _, right := range rights {
		if _, ok := recado.ParseRight(right); !ok {
			return want("rooms")
		}
	}
	if *v.to == nil {
		*v.to = map[string][]string{}
	}
	(*v.to)[pattern] = append((*v.to)[pattern], rights...)
	return nil
}

func (v roomsValue) String() string { return "" }
func (v roomsValue) Type() string   { return "rooms" }

// trouble is the problem with these texts, and the exit code that goes with it.
func trouble(code int, id string, facts ...any) error {
	return &exitError{code: code, err: &problem{id: id, facts: facts}}
}
