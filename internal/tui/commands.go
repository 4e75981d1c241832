package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"recado/client"
)

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
			t.left = true
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
		t.left, t.end = true, ErrInterrupted
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
	if t.send(client.Outgoing{Text: text}) {
		t.commit()
	}
}

// send hands a message over. False means that the person was told why not.
func (t *talk) send(o client.Outgoing) bool {
	id, err := t.client.TrySend(o)
	if err != nil {
		t.status(problem(t.Texts, t.client, err))
		return false
	}
	you := t.client.You()
	t.journal.outbox = append(t.journal.outbox, ownEntry(t.Texts, o, id, you, t.people.label(you), t.now()))
	return true
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
	o, name, rest := findOrder(text)
	if o == nil {
		t.status(t.Text("page.problem.command", "Command", SafeLine(name)))
		return
	}
	t.commit()
	o.line(t, rest)
}

// complete writes the rest of a command of which only one begins like the text.
func (t *talk) complete() {
	text := string(t.editor.text)
	if !strings.HasPrefix(text, "/") {
		return
	}
	if found := orderNames(t.Texts, text); len(found) == 1 {
		t.editor.text = []byte(found[0])
		t.editor.cursor = len(found[0])
	}
}
