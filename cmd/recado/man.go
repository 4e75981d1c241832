package main

import (
	"os"
	"path/filepath"
	"strings"

	"recado/internal/locale"

	"github.com/spf13/cobra"
)

// newManCommand is for who packages recado.
func newManCommand(texts *locale.Texts) *cobra.Command {
	return &cobra.Command{
		Use:    "man " + texts.Text("commands.man.use"),
		Short:  texts.Text("commands.man.short"),
		Long:   texts.Text("commands.man.long"),
		Hidden: true,
		Args:   someArguments("DIR", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return manProblem(args[0], err)
			}
			return writeManPages(args[0], cmd.Root(), texts)
		},
	}
}

// writeManPages writes a page for the command and for each below it.
func writeManPages(dir string, cmd *cobra.Command, texts *locale.Texts) error {
	name := filepath.Join(dir, pageName(cmd)+".1")
	if err := os.WriteFile(name, []byte(manPage(cmd, texts)), 0o644); err != nil {
		return manProblem(name, err)
	}
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() {
			if err := writeManPages(dir, below, texts); err != nil {
				return err
			}
		}
	}
	return nil
}

func manProblem(name string, err error) error {
	return &problem{id: "file_unwritable", facts: []any{"File", name, "Cause", causeOf(err)}, err: err}
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage says in roff what the help of a command says.
func manPage(cmd *cobra.Command, texts *locale.Texts) string {
	var b strings.Builder
	section := func(title string) { b.WriteString(".SH " + roff(title) + "\n") }
	b.WriteString(`.TH "` + roff(strings.ToUpper(pageName(cmd))) + `" 1 "" "recado ` + roff(thisBuild().Version) + "\"\n")
	section(texts.Text("commands.man.name"))
	b.WriteString(roff(pageName(cmd)+" - "+cmd.Short) + "\n")
	section(texts.Text("commands.man.synopsis"))
	use := cmd.CommandPath() + " " + texts.Text("help.command_and_flags")
	if !cmd.HasAvailableSubCommands() {
		use = strings.TrimSuffix(cmd.UseLine(), " [flags]") + " " + texts.Text("help.some_flags")
	}
	b.WriteString(".B " + roff(use) + "\n")
	section(texts.Text("commands.man.description"))
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	paragraphs(&b, about)
	if groups := flagGroups(cmd, texts); len(groups) > 0 {
		section(texts.Text("commands.man.options"))
		for _, g := range groups {
			b.WriteString(".SS " + roff(g.title) + "\n")
			for _, flag := range g.flags {
				name, usage := flagHelp(flag, texts)
				b.WriteString(".TP\n.B " + roff(strings.TrimSpace(name)) + "\n" + roff(usage) + "\n")
			}
		}
	}
	if cmd.Example != "" {
		section(texts.Text("commands.man.examples"))
		asItIs(&b, cmd.Example)
	}
	section(texts.Text("commands.man.see_also"))
	b.WriteString(strings.Join(relatives(cmd), ",\n") + "\n")
	return b.String()
}

// relatives are the pages of the command above and of those below.
func relatives(cmd *cobra.Command) (pages []string) {
	near := cmd.Commands()
	if cmd.HasParent() {
		near = append(near, cmd.Parent())
	}
	for _, other := range near {
		if other.IsAvailableCommand() || other.HasAvailableSubCommands() {
			pages = append(pages, ".BR "+roff(pageName(other))+" (1)")
		}
	}
	return pages
}

// paragraphs writes text that is filled, except for lines that are indented.
func paragraphs(b *strings.Builder, text string) {
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		b.WriteString(".PP\n")
		for line := range strings.SplitSeq(paragraph, "\n") {
			if strings.HasPrefix(line, "  ") {
				asItIs(b, line)
				continue
			}
			b.WriteString(roff(line) + "\n")
		}
	}
}

func asItIs(b *strings.Builder, text string) {
	b.WriteString(".nf\n" + roff(text) + "\n.fi\n")
}

// roff escapes what means something to roff.
func roff(text string) string {
	lines := strings.Split(strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`).Replace(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
