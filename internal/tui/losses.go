package tui

import (
	"errors"
	"strings"

	"recado/client"
	"recado/internal/locale"
)

// losses gathers messages that did not arrive, or perhaps not, so that they are told of together.
type losses struct {
	uncertain, unsent int
}

// add returns what to tell now: nothing while more follow.
func (l *losses) add(texts *locale.Texts, lost client.Lost) string {
	if errors.Is(lost.Err, client.ErrUncertain) {
		l.uncertain++
	} else {
		l.unsent++
	}
	if lost.More {
		return ""
	}
	all := client.LostError{Uncertain: l.uncertain, Unsent: l.unsent}
	*l = losses{}
	return LostText(texts, &all)
}

// LostText tells of messages that did not arrive, or perhaps not.
func LostText(texts *locale.Texts, lost *client.LostError) string {
	var parts []string
	if lost.Uncertain > 0 {
		parts = append(parts, texts.Count("chat.lost.uncertain", lost.Uncertain))
	}
	if lost.Unsent > 0 {
		parts = append(parts, texts.Count("chat.lost.unsent", lost.Unsent))
	}
	return strings.Join(parts, " ")
}

// gapText tells of messages of others that are missing.
func gapText(texts *locale.Texts, gap client.Gap) string {
	if gap.Reason == anotherHistory {
		return texts.Text("page.gap.epoch")
	}
	if gap.Missed > 0 {
		return texts.Count("chat.gap", gap.Missed)
	}
	return texts.Text("chat.gap.unknown")
}
