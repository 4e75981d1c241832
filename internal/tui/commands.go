package tui

import (
	"errors"
	"slices"
	"strings"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

// A command is what a line that begins with a slash does, by its names in both languages.
type command struct {
	names []string
	do    func(*talk)
}

func commands() []command {
	return []command{
		{[]string{"/help", "/ajuda"}, func(t *talk) {
			t.status(strings.Split(t.Text("chat.help"), "\n")...)
		}},
		{[]string{"/quit", "/sair"}, func(t *talk) { t.leave = true }},
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
	switch err := t.client.TrySend(recado.Text, []byte(text)); {
	case err == nil:
		t.commit()
	case errors.Is(err, client.ErrOutboxFull):
		t.status(t.Text("chat.outbox_full"))
	default:
		t.status(t.Text("chat.unsendable", "Cause", err))
	}
}

// commit leaves the line that was typed where it is, as a part of the conversation.
func (t *talk) commit() {
	line := "> " + strings.ReplaceAll(Safe(t.editor.take()), "\n", "\n  ") + "\n"
	if t.screen.plain {
		line = "" // the terminal has shown it
	}
	t.show(line)
}

func (t *talk) command(text string) {
	name := strings.ToLower(strings.TrimSpace(text))
	for _, c := range commands() {
		if slices.Contains(c.names, name) {
			t.commit()
			c.do(t)
			return
		}
	}
	t.status(t.Text("chat.command_unknown", "Name", SafeLine(text)))
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

// LostText tells of messages that did not arrive, or perhaps not.
func LostText(texts *locale.Texts, lost client.Lost) string {
	var parts []string
	if lost.Uncertain > 0 {
		parts = append(parts, texts.Count("chat.lost.uncertain", lost.Uncertain))
	}
	if lost.Unsent > 0 {
		parts = append(parts, texts.Count("chat.lost.unsent", lost.Unsent))
	}
	return strings.Join(parts, " ")
}
