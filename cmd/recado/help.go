package main

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"recado/internal/locale"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is of a line of help, in characters.
const helpWidth = 110

func newHelpCommand(texts *locale.Texts) *cobra.Command {
	return &cobra.Command{
		Use:   "help [" + texts.Text("help.command") + "]",
		Short: texts.Text("help.short"),
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err == nil && len(rest) > 0 || about == nil {
				return &exitError{code: exitUsage, err: withSuggestion("command_unknown", strings.Join(rest, " "), commandNames(cmd.Root()))}
			}
			if err != nil {
				return err
			}
			return printHelp(cmd.OutOrStdout(), about, texts)
		},
	}
}

// localize replaces what cobra says in English by itself.
func localize(cmd *cobra.Command, texts *locale.Texts) {
	if cmd.Name() == "completion" {
		cmd.Short = texts.Text("completion.short")
		cmd.Long = texts.Text("completion.long")
		for _, shell := range cmd.Commands() {
			shell.Short = texts.Text("completion.shell", "Shell", shell.Name())
			shell.Long = ""
			shell.Flags().Lookup("no-descriptions").Usage = texts.Text("completion.no_descriptions")
		}
	}
	cmd.Flags().BoolP("help", "h", false, texts.Text("help.flag"))
	for _, below := range cmd.Commands() {
		localize(below, texts)
	}
}

// printHelp writes what there is to know of a command.
func printHelp(w io.Writer, cmd *cobra.Command, texts *locale.Texts) error {
	var b strings.Builder
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	b.WriteString(about + "\n\n" + texts.Text("help.usage") + "\n")
	switch {
	case cmd.HasAvailableSubCommands():
		b.WriteString("  " + cmd.CommandPath() + " " + texts.Text("help.command_and_flags") + "\n")
	default:
		b.WriteString("  " + strings.TrimSuffix(cmd.UseLine(), " [flags]") + " " + texts.Text("help.some_flags") + "\n")
	}
	if cmd.Example != "" {
		b.WriteString("\n" + texts.Text("help.examples") + "\n" + cmd.Example + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\n" + texts.Text("help.commands") + "\n")
		for _, below := range cmd.Commands() {
			if below.IsAvailableCommand() || below.Name() == "help" {
				b.WriteString("  " + below.Name() + strings.Repeat(" ", max(1, 13-len(below.Name()))) + below.Short + "\n")
			}
		}
	}
	for _, g := range flagGroups(cmd, texts) {
		b.WriteString("\n" + g.title + ":\n" + flagUsages(g.flags, texts))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// groupAnnotation is the title of the group that a flag stands in.
const groupAnnotation = "group"

// A flagGroup is flags that stand together in help, in their order.
type flagGroup struct {
	title string
	flags []*pflag.Flag
}

// flagGroups are the flags of the command that help shows: those with a title of their own first.
func flagGroups(cmd *cobra.Command, texts *locale.Texts) (groups []flagGroup) {
	add := func(flag *pflag.Flag, title string) {
		if flag.Hidden {
			return
		}
		i := slices.IndexFunc(groups, func(g flagGroup) bool { return g.title == title })
		if i < 0 {
			i, groups = len(groups), append(groups, flagGroup{title: title})
		}
		groups[i].flags = append(groups[i].flags, flag)
	}
	var others []*pflag.Flag
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		if title := flag.Annotations[groupAnnotation]; title != nil {
			add(flag, title[0])
			return
		}
		others = append(others, flag)
	})
	title := texts.Text("help.flags")
	if len(groups) > 0 {
		title = texts.Text("help.other_flags")
	}
	for _, flag := range others {
		add(flag, title)
	}
	cmd.InheritedFlags().VisitAll(func(flag *pflag.Flag) { add(flag, texts.Text("help.inherited_flags")) })
	return groups
}

// flagUsages is a table of the flags. pflag's own counts bytes, which skews it beside accented letters, and
// has its "default" in English.
func flagUsages(flags []*pflag.Flag, texts *locale.Texts) string {
	type row struct{ name, usage string }
	var rows []row
	width := 0
	for _, flag := range flags {
		name, usage := flagHelp(flag, texts)
		rows = append(rows, row{name, usage})
		width = max(width, utf8.RuneCountInString(name))
	}
	var b strings.Builder
	for _, r := range rows {
		lines := wrap(r.usage, max(helpWidth-width-5, 30))
		for i, line := range lines {
			if i > 0 {
				r.name = ""
			}
			b.WriteString("  " + r.name + strings.Repeat(" ", width-utf8.RuneCountInString(r.name)+3) + line + "\n")
		}
	}
	return b.String()
}

// flagHelp is what there is to say of a flag.
func flagHelp(flag *pflag.Flag, texts *locale.Texts) (name, usage string) {
	value, usage := pflag.UnquoteUsage(flag)
	name = "    --" + flag.Name
	if flag.Shorthand != "" {
		name = "-" + flag.Shorthand + ", --" + flag.Name
	}
	if value != "" {
		name += " " + value
	}
	if standard := flag.DefValue; !slices.Contains([]string{"", "false", "[]", "0", "0s"}, standard) {
		usage += texts.Text("help.default", "Value", standard)
	}
	return name, usage
}

// wrap breaks text at spaces into lines of at most width characters, longer words apart.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
