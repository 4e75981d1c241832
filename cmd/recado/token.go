package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"recado"
	"recado/internal/auth"
	"recado/internal/locale"

	"github.com/spf13/cobra"
)

func newTokenCommand(p *program, texts *locale.Texts) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: texts.Text("token.short"),
		Long:  texts.Text("token.long"),
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokenNewCommand(p, texts), newTokenCheckCommand(p, texts))
	return cmd
}

// tokenLife is how long a token holds unless something else is said.
const tokenLife = time.Hour

func newTokenNewCommand(p *program, texts *locale.Texts) *cobra.Command {
	var file string
	grant := auth.Grant{Lasts: tokenLife}
	cmd := &cobra.Command{
		Use:     "new",
		Short:   texts.Text("token.new.short"),
		Example: "  head -c 32 /dev/urandom | base64 > secret; chmod 600 secret\n  recado token new --secret-file secret --sub ana --room 'ops=subscribe,publish' --expires 1h",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			if file == "" {
				return trouble(exitUsage, "flag_value_missing", "Flag", "--secret-file")
			}
			secret, err := readSecret(file, p.logger(textFormat, slog.LevelInfo))
			if err != nil {
				return err
			}
			token, err := auth.Issue(secret, grant)
			if err != nil {
				return unusable(file, err)
			}
			_, err = fmt.Fprintln(p.stdout, token)
			return err
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(fileValue{&file}, "secret-file", texts.Text("token.secret_file"))
	flags.Var(textValue{&grant.Subject}, "sub", texts.Text("token.sub"))
	flags.Var(textValue{&grant.Name}, "name", texts.Text("token.name"))
	flags.Var(roomsValue{&grant.Rooms}, "room", texts.Text("token.room"))
	flags.Var(textValue{&grant.Audience}, "audience", texts.Text("token.audience"))
	flags.Var(durationValue{&grant.Lasts, atLeastOne}, "expires", texts.Text("token.expires"))
	flags.Lookup("expires").DefValue = formatDuration(tokenLife)
	return cmd
}

func newTokenCheckCommand(p *program, texts *locale.Texts) *cobra.Command {
	var c accessConfig
	cmd := &cobra.Command{
		Use:     "check [TOKEN]",
		Short:   texts.Text("token.check.short"),
		Long:    texts.Text("token.check.long"),
		Example: "  recado token check --secret-file secret < token",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			tokens, err := c.tokens(slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			if tokens == nil {
				return trouble(exitUsage, "flag_value_missing", "Flag", "--secret-file")
			}
			defer tokens.Close()
			token, err := tokenGiven(p.stdin, args)
			if err != nil {
				return err
			}
			return p.tellToken(tokens, token)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(fileValue{&c.secretFile}, "secret-file", texts.Text("token.secret_file"))
	flags.Var(newFiles(&c.keyFiles), "key-file", texts.Text("setting.token.key_file"))
	flags.Var(keySetValue{&c.keySet}, "jwks", texts.Text("setting.token.jwks"))
	flags.Var(textValue{&c.audience}, "audience", texts.Text("setting.token.audience"))
	return cmd
}

// tokenGiven is the argument, or else the first line of stdin: an argument can be seen by others on the machine.
func tokenGiven(stdin io.Reader, args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	line, err := bufio.NewReader(io.LimitReader(stdin, 1<<20)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("token from stdin: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// tellToken says what the token allows.
func (p *program) tellToken(tokens recado.Authenticator, token string) error {
	access, err := recado.Identify(tokens, token)
	if refusal, is := errors.AsType[*recado.Refusal](err); is {
		facts := []any{}
		for name, value := range refusal.Facts {
			facts = append(facts, name, value)
		}
		return trouble(exitRefused, refusal.Code, facts...)
	}
	if err != nil {
		return err
	}
	var rooms map[string]string
	if access.Rooms != nil {
		rooms = map[string]string{}
	}
	for pattern, rights := range access.Rooms {
		rooms[pattern] = rights.String()
	}
	return json.NewEncoder(p.stdout).Encode(struct {
		Subject string            `json:"sub,omitempty"`
		Name    string            `json:"name,omitempty"`
		Expires time.Time         `json:"expires"`
		Rooms   map[string]string `json:"rooms,omitempty"`
	}{access.Subject, access.Name, access.Expires, rooms})
}
