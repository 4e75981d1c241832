package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/locale"
	"recado/internal/server"

	"github.com/spf13/cobra"
)

func newConfigCommand(p *program, texts *locale.Texts) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: texts.Text("config.short"),
		Long:  texts.Text("config.long"),
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigShowCommand(p, texts), newConfigCheckCommand(p, texts), newConfigInitCommand(p, texts))
	return cmd
}

func newConfigShowCommand(p *program, texts *locale.Texts) *cobra.Command {
	var origins bool
	given := newConfig()
	cmd := &cobra.Command{
		Use:     "show",
		Short:   texts.Text("config.show.short"),
		Long:    texts.Text("config.show.long"),
		Example: "  recado config show --origin\n  recado config show --lan --limits-message-size 1MiB > new.toml",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.configure(cmd.Flags(), given)
			if err != nil {
				return err
			}
			_, err = io.WriteString(p.stdout, c.toml(origins))
			return writeProblem(err)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&origins, "origin", false, texts.Text("config.show.origin"))
	given.addFlags(cmd.Flags(), texts)
	return cmd
}

func newConfigCheckCommand(p *program, texts *locale.Texts) *cobra.Command {
	return &cobra.Command{
		Use:     "check " + texts.Text("config.use"),
		Short:   texts.Text("config.check.short"),
		Long:    texts.Text("config.check.long"),
		Example: "  recado config check\n  recado config check new.toml && mv new.toml recado.toml",
		Args:    oneAddress,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				p.configFlag = args[0]
			}
			c, err := p.configure(cmd.Flags(), newConfig())
			if err == nil {
				err = p.tryOut(cmd.Context(), c)
			}
			switch {
			case err != nil:
				return err
			case c.file == "":
				_, err = fmt.Fprintln(p.stdout, texts.Text("config.check.none"))
			default:
				_, err = fmt.Fprintln(p.stdout, texts.Text("config.check.ok", "File", c.file))
			}
			return writeProblem(err)
		},
	}
}

// tryOut finds what would keep the server from starting, without a word to anybody outside.
func (p *program) tryOut(ctx context.Context, c *config) error {
	access := c.access
	access.keySet = "" // it would have to be fetched
	log := p.logger(textFormat, slog.LevelWarn)
	tokens, err := access.tokens(log)
	tokens.Close()
	_, monitors := access.metricsToken(log)
	problems := []error{err, monitors, c.tls.tryOut(log)}
	broker := memory.New(c.limits)
	relay, err := server.New(c.server(broker, slog.New(slog.DiscardHandler)))
	if err != nil {
		problems = append(problems, startProblem(err))
	} else {
		problems = append(problems, relay.Stop(ctx, recado.CloseNormal))
	}
	return errors.Join(append(problems, broker.Close())...)
}

func newConfigInitCommand(p *program, texts *locale.Texts) *cobra.Command {
	return &cobra.Command{
		Use:     "init " + texts.Text("config.use"),
		Short:   texts.Text("config.init.short"),
		Long:    texts.Text("config.init.long"),
		Example: "  recado config init\n  sudo recado config init /etc/recado/recado.toml",
		Args:    oneAddress,
		RunE: func(_ *cobra.Command, args []string) error {
			name := configName
			if len(args) > 0 {
				name = args[0]
			}
			file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			switch {
			case errors.Is(err, fs.ErrExist):
				return trouble(exitFailure, "config_exists", "File", name)
			case err == nil:
				_, err = file.WriteString(template(texts))
				err = errors.Join(err, file.Close())
			}
			if err != nil {
				return trouble(exitFailure, "config_unwritable", "File", name, "Cause", causeOf(err))
			}
			_, err = fmt.Fprintln(p.stdout, texts.Text("config.init.done", "File", name))
			return writeProblem(err)
		},
	}
}
