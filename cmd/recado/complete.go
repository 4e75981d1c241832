package main

import (
	"context"
	"strings"
	"time"

	"recado"
	"recado/internal/locale"

	"github.com/spf13/cobra"
)

const (
	// completeTime is how long a shell waits for the names of rooms.
	completeTime = time.Second
	// completeMax is how many it gets.
	completeMax = 200
)

// completeRoom lets shells complete the first argument: the rooms of the server that somebody is in.
func (p *program) completeRoom(cmd *cobra.Command, texts *locale.Texts, c *caller) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
		defer cancel()
		return p.roomNames(ctx, texts, *c, begun), cobra.ShellCompDirectiveNoFileComp
	}
}

// roomNames are those that begin so. A server that does not answer, or answers nonsense, has none.
func (p *program) roomNames(ctx context.Context, texts *locale.Texts, c caller, begun string) (names []string) {
	v, err := p.visit(c, nil)
	if err != nil {
		return nil
	}
	l, err := newLookup(texts, v)
	if err != nil {
		return nil
	}
	_ = l.rooms(ctx, func(r roomFound) { // what came before an error is still good
		if len(names) < completeMax && strings.HasPrefix(r.Name, begun) && recado.CheckRoom(r.Name) == nil {
			names = append(names, r.Name)
		}
	})
	return names
}

// completeFlag lets shells complete a flag's value.
func completeFlag(cmd *cobra.Command, flag string, values ...string) {
	// It fails only for a flag that there is not, and then a test does.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
