package main

import (
	"errors"
	"strings"

	"recado/internal/locale"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newRootCommand makes the tree of commands with its help in the language of texts.
func newRootCommand(p *program, texts *locale.Texts) *cobra.Command {
	root := &cobra.Command{
		Use:           "recado",
		Short:         texts.Text("root.short"),
		Long:          texts.Text("root.long"),
		SilenceErrors: true, // run tells them
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &exitError{code: exitUsage, err: withSuggestion("command_unknown", args[0], commandNames(cmd))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&p.lang, "lang", p.lang, texts.Text("root.lang"))
	root.PersistentFlags().Lookup("lang").DefValue = "" // p.lang has been read already; it is no default
	root.PersistentFlags().StringVar(&p.configFlag, "config", p.configFlag, texts.Text("root.config"))
	root.PersistentFlags().Lookup("config").DefValue = ""
	completeFlag(root, "lang", string(locale.English), string(locale.Portuguese))
	root.AddCommand(
		newServeCommand(p, texts), newChatCommand(p), newPubCommand(p, texts), newSubCommand(p, texts),
		newRoomsCommand(p, texts), newWhoCommand(p, texts), newHistoryCommand(p, texts), newHealthCommand(p, texts),
		newDoctorCommand(p, texts), newManCommand(texts),
		newBenchCommand(p, texts), newTokenCommand(p, texts), newConfigCommand(p, texts), newVersionCommand(p, texts),
	)
	root.SetHelpCommand(newHelpCommand(texts))
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetFlagErrorFunc(flagProblem)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		printHelp(cmd.OutOrStdout(), cmd, texts) //nolint:errcheck // cobra takes no error for --help
	})
	root.InitDefaultCompletionCmd()
	localize(root, texts)
	return root
}

// noArguments is for commands that take flags only.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &exitError{code: exitUsage, err: &problem{id: "argument_unexpected", facts: []any{"Argument", args[0]}}}
	}
	return nil
}

// flagProblem gives pflag's errors their texts and exit codes.
func flagProblem(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		invalid *pflag.InvalidValueError
		missing *pflag.ValueRequiredError
	)
	switch {
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = "-" + unknown.GetSpecifiedName()
		}
		return &exitError{code: exitUsage, err: withSuggestion("flag_unknown", name, flagNames(cmd))}
	case errors.As(err, &missing):
		return &exitError{code: exitUsage, err: &problem{id: "flag_value_missing", facts: []any{"Flag", "--" + missing.GetFlag().Name}}}
	case errors.As(err, &invalid):
		return badValue("--"+invalid.GetFlag().Name, invalid.GetValue(), err)
	}
	return &exitError{code: exitUsage, err: err}
}

// badValue is the problem with a value from this source, a flag or a variable. A value that the table of
// settings refused is an error of the configuration, any other one of usage.
func badValue(source, value string, err error) error {
	var refused *valueError
	if !errors.As(err, &refused) {
		return &exitError{code: exitUsage, err: &problem{id: "value_invalid", facts: []any{"Source", source, "Value", value}, err: err}}
	}
	facts := append([]any{"Source", source, "Value", value}, refused.facts...)
	return &exitError{code: exitConfig, err: &problem{id: "value_invalid", variant: refused.id, facts: facts, err: err}}
}

func commandNames(cmd *cobra.Command) (names []string) {
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() {
			names = append(names, below.Name())
		}
	}
	return names
}

func flagNames(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, "--"+flag.Name) })
	return names
}

// flagIn finds the value of a flag before the flags are parsed, which needs the texts.
func flagIn(args []string, name string) string {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if value, found := strings.CutPrefix(arg, name+"="); found {
			return value
		}
		if arg == name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}
