package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"text/tabwriter"

	"recado/internal/locale"
	"recado/internal/tui"

	"github.com/spf13/cobra"
)

// newLookCommand is for a command that asks the server of an address, which its first argument may give, and writes
// what it has found.
func newLookCommand(p *program, texts *locale.Texts, name string, look func(ctx context.Context, l *lookup) error) *cobra.Command {
	var who caller
	cmd := &cobra.Command{
		Use:   name + " " + texts.Text("commands."+name+".use"),
		Short: texts.Text("commands." + name + ".short"),
		Long:  texts.Text("commands."+name+".long", "Default", p.serverAddress()),
		Args:  oneAddress,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.goThere(cmd.Context(), texts, who, args, func(ctx context.Context, v visit) error {
				l, err := newLookup(texts, v)
				if err == nil {
					err = look(ctx, l)
				}
				if tui.IsClosedPipe(err) {
					return nil
				}
				return err
			})
		},
	}
	p.addTrust(cmd, texts)
	who.addTokenFlag(cmd.Flags(), texts)
	p.completeRoom(cmd, texts, &who)
	return cmd
}

func newRoomsCommand(p *program, texts *locale.Texts) *cobra.Command {
	var asJSON bool
	cmd := newLookCommand(p, texts, "rooms", func(ctx context.Context, l *lookup) error {
		return p.table(asJSON, func(row func(object any, columns ...any)) error {
			return l.rooms(ctx, func(r roomFound) { row(r, r.Name, r.Members) })
		})
	})
	cmd.Example = "  recado rooms\n  recado rooms wss://example.com --json"
	cmd.Flags().BoolVar(&asJSON, "json", false, texts.Text("commands.flag.json"))
	return cmd
}

func newWhoCommand(p *program, texts *locale.Texts) *cobra.Command {
	var asJSON bool
	cmd := newLookCommand(p, texts, "who", func(ctx context.Context, l *lookup) error {
		var answer struct {
			Count   int
			Members []memberFound
		}
		if err := l.api(ctx, &answer, nil, "rooms", l.room, "members"); err != nil {
			return err
		}
		if answer.Count > len(answer.Members) { // a crowd
			say(p.stderr, texts.Count("commands.who.crowd", answer.Count)+"\n")
		}
		return p.table(asJSON, func(row func(object any, columns ...any)) error {
			for _, m := range answer.Members {
				row(m, m.Name, m.ID)
			}
			return nil
		})
	})
	cmd.Example = "  recado who ops\n  recado who wss://example.com/ops --json"
	cmd.Flags().BoolVar(&asJSON, "json", false, texts.Text("commands.flag.json"))
	return cmd
}

// What the server says of a room, and of a member.
type (
	roomFound struct {
		Name    string `json:"name"`
		Members int    `json:"members"`
	}
	memberFound struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
)

// rooms finds every room that somebody is in.
func (l *lookup) rooms(ctx context.Context, found func(roomFound)) error {
	for after := ""; ; {
		var answer struct {
			Rooms []roomFound
			More  bool
		}
		query := url.Values{"limit": {strconv.Itoa(maxPage)}, "after": {after}}
		if err := l.api(ctx, &answer, query, "rooms"); err != nil {
			return err
		}
		for _, r := range answer.Rooms {
			found(r)
			after = r.Name
		}
		if !answer.More || len(answer.Rooms) == 0 {
			return nil
		}
	}
}

// table writes what fill gives it: an object a line, or columns that a terminal can show.
func (p *program) table(asJSON bool, fill func(row func(object any, columns ...any)) error) error {
	columns := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	objects := json.NewEncoder(p.stdout)
	objects.SetEscapeHTML(false)
	var broken error
	err := fill(func(object any, cells ...any) {
		if asJSON {
			if broken == nil {
				broken = objects.Encode(object)
			}
			return
		}
		for i, cell := range cells {
			if i > 0 {
				io.WriteString(columns, "\t") //nolint:errcheck // Flush has the error
			}
			io.WriteString(columns, tui.SafeLine(fmt.Sprint(cell))) //nolint:errcheck // Flush has the error
		}
		io.WriteString(columns, "\n") //nolint:errcheck // Flush has the error
	})
	if broken == nil {
		broken = columns.Flush()
	}
	if err == nil {
		err = writeProblem(broken)
	}
	return err
}

// newHealthCommand is for scripts and containers: its exit code is what counts.
func newHealthCommand(p *program, texts *locale.Texts) *cobra.Command {
	cmd := newLookCommand(p, texts, "health", func(ctx context.Context, l *lookup) error {
		if err := l.health(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.stdout, "ok")
		return writeProblem(err)
	})
	cmd.Example = "  recado health\n  recado health https://example.com"
	return cmd
}
