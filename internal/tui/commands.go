package tui

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"recado"
	"recado/client"
)

// A command is what a line that begins with a slash does, by its names in both languages.
type command struct {
	names []string
	do    func(t *talk, rest string) // rest is what follows the name
}

func commands() []command {
	return []command{
		{[]string{"/help", "/ajuda"}, func(t *talk, _ string) {
			t.status(strings.Split(t.Text("chat.help"), "\n")...)
		}},
		{[]string{"/history", "/historico"}, (*talk).earlier},
		{[]string{"/nick"}, (*talk).rename},
		{[]string{"/quit", "/sair"}, func(t *talk, _ string) { t.leave = true }},
		{[]string{"/who", "/quem"}, (*talk).who},
	}
}

// press does what one key means.
func (t *talk) press(k key, r rune) {
	warned, full := t.warned, t.full
	t.warned, t.full = false, false
	switch k {
	case keyText:
		if t.full = !t.editor.insert(r); t.full && !full { // once, however much is pasted
			t.status(t.Text("chat.typed_too_much"))
		}
	case keyEnter:
		t.enter()
	case keyTab:
		t.complete()
	case keyClearScreen:
		t.screen.clear(t.prompt(), &t.editor) //nolint:errcheck // a terminal that is gone is noticed by reading
	case keyRetry:
		t.client.Retry()
	case keyInterrupt:
		t.interrupt(warned)
	case keyEOF:
		if len(t.editor.text) == 0 {
			t.leave = true
			return
		}
		t.editor.press(keyDelete)
	default:
		t.editor.press(k)
	}
}

// interrupt clears the text; a second time in a row it ends the chat.
func (t *talk) interrupt(again bool) {
	if again {
		t.leave, t.end = true, ErrInterrupted
		return
	}
	t.warned = true
	if len(t.editor.text) == 0 {
		t.status(t.Text("chat.quit_again"))
	}
	t.editor.clear()
}

// enter sends the text, or does what it commands. What cannot be sent stays to be edited.
func (t *talk) enter() {
	text := strings.TrimRight(string(t.editor.text), "\n")
	if strings.TrimSpace(text) == "" {
		t.editor.clear()
		return
	}
	if rest, escaped := strings.CutPrefix(text, "//"); escaped {
		text = "/" + rest
	} else if strings.HasPrefix(text, "/") {
		t.command(text)
		return
	}
	switch _, err := t.client.TrySend(client.Outgoing{Text: text}); {
	case err == nil:
		t.commit()
	case errors.Is(err, client.ErrOutboxFull):
		t.status(t.Text("chat.outbox_full"))
	case errors.Is(err, client.ErrTooBig):
		t.status(t.Text("chat.too_big", "Limit", t.client.Limits().MessageBytes))
	default:
		t.status(t.Text("chat.unsendable", "Cause", err))
	}
}

// commit leaves the line that was typed where it is, as a part of the conversation.
func (t *talk) commit() {
	prompt := t.name() + "> "
	indent := "\n" + strings.Repeat(" ", ansi.StringWidth(prompt))
	line := prompt + strings.ReplaceAll(Safe(t.editor.take()), "\n", indent) + "\n"
	if t.screen.plain {
		line = "" // the terminal has shown it
	}
	t.show(line)
}

func (t *talk) command(text string) {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	for _, c := range commands() {
		if slices.Contains(c.names, strings.ToLower(name)) {
			t.commit()
			c.do(t, strings.TrimSpace(rest))
			return
		}
	}
	t.status(t.Text("chat.command_unknown", "Name", SafeLine(name)))
}

func (t *talk) rename(name string) {
	t.ask(func(ctx context.Context) func() {
		err := t.client.Rename(ctx, name)
		return func() {
			switch {
			case errors.Is(err, recado.ErrName):
				t.status(t.Text("chat.name_invalid", "Limit", recado.MaxName))
			case err != nil:
				t.status(t.Text("chat.unanswered", "Cause", SafeLine(err.Error())))
			default:
				t.status(t.Text("chat.name", "Name", t.name()))
			}
		}
	})
}

func (t *talk) who(string) {
	var names []string
	for _, m := range t.client.Members() {
		name := t.label(m)
		if m.ID == t.client.You().ID {
			name += " " + t.Text("chat.you")
		}
		names = append(names, name)
	}
	text := t.Count("chat.people", t.client.Count())
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	t.status(text)
}

// earlier shows messages of before those that were shown.
func (t *talk) earlier(number string) {
	n, err := strconv.Atoi(number)
	if err != nil || n <= 0 {
		n = recent
	}
	before := t.oldest
	t.ask(func(ctx context.Context) func() {
		page, err := t.client.History(ctx, before, n)
		return func() {
			if err != nil {
				t.status(t.Text("chat.unanswered", "Cause", SafeLine(err.Error())))
				return
			}
			t.page(page)
		}
	})
}

// complete writes the rest of a command of which only one begins like the text.
func (t *talk) complete() {
	text := string(t.editor.text)
	if !strings.HasPrefix(text, "/") {
		return
	}
	var found []string
	for _, c := range commands() {
		for _, name := range c.names {
			if strings.HasPrefix(name, text) {
				found = append(found, name)
			}
		}
	}
	if len(found) == 1 {
		t.editor.text = []byte(found[0])
		t.editor.cursor = len(found[0])
	}
}
