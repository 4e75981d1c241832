package tui

import (
	"context"
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"recado/client"
)

// editing says which keys edit the text, by bubbletea's names; keyNone for all others.
func editing(name string) key {
	switch name {
	case "left", "ctrl+b":
		return keyLeft
	case "right", "ctrl+f":
		return keyRight
	case "up", "ctrl+p":
		return keyUp
	case "down", "ctrl+n":
		return keyDown
	case "ctrl+left", "alt+left", "alt+b":
		return keyWordLeft
	case "ctrl+right", "alt+right", "alt+f":
		return keyWordRight
	case "ctrl+a":
		return keyHome
	case "ctrl+e":
		return keyEnd
	case "backspace", "ctrl+h":
		return keyBackspace
	case "delete":
		return keyDelete
	case "ctrl+w", "alt+backspace":
		return keyKillWord
	case "ctrl+u":
		return keyKillToStart
	case "ctrl+k":
		return keyKillToEnd
	}
	return keyNone
}

// press does what one key means.
func (m *model) press(k tea.KeyPressMsg) tea.Cmd {
	name := k.String()
	warned := m.warned
	m.warned, m.blurred = false, false
	if name != "tab" && name != "shift+tab" {
		m.completion = completion{}
	}
	if m.panel.kind != noPanel && m.pressPanel(name) {
		return nil
	}
	if edit := editing(name); edit != keyNone {
		m.editor.press(edit)
		return m.typing()
	}
	switch name {
	case "enter":
		return m.enter()
	case "shift+enter", "alt+enter", "ctrl+j":
		m.insert("\n")
	case "tab":
		m.complete(1)
	case "shift+tab":
		m.complete(-1)
	case "pgup", "pgdown", "home", "end", "shift+up", "shift+down":
		return m.look(name)
	case "f1":
		m.show(panel{kind: helpPanel})
	case "f2":
		m.togglePeople()
	case "ctrl+l":
		return tea.ClearScreen
	case "ctrl+r":
		return m.retry()
	case "ctrl+o":
		return m.fill()
	case "ctrl+z":
		return tea.Suspend
	case "ctrl+c":
		return m.interrupt(warned)
	case "ctrl+d":
		if len(m.editor.text) == 0 {
			return tea.Quit
		}
		m.editor.press(keyDelete)
	default:
		if k.Text == "" {
			return nil
		}
		m.insert(k.Text)
		return m.typing()
	}
	return nil
}

// paste puts what was pasted into the text, line breaks and all.
func (m *model) paste(text string) tea.Cmd {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	m.insert(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text))
	return m.typing()
}

func (m *model) insert(text string) {
	for _, r := range text {
		if !m.editor.insert(r) {
			m.tell(m.Text("chat.typed_too_much"))
			return
		}
	}
}

// typing tells the others that we are, now and then.
func (m *model) typing() tea.Cmd {
	text := strings.TrimSpace(string(m.editor.text))
	command := strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//")
	if text == "" || command || m.phase != client.Connected || m.now().Sub(m.said) < typingSign {
		return nil
	}
	m.said = m.now()
	m.conn.TrySend(client.Outgoing{Event: typingEvent, JSON: true, Ephemeral: true}) //nolint:errcheck // it is worth nothing later
	return nil
}

// look moves through what was said.
func (m *model) look(name string) tea.Cmd {
	height := m.logHeight()
	switch name {
	case "pgup":
		if m.journal.atTop(height) {
			return m.earlier(recent)
		}
		m.journal.scroll(-max(1, height-1), height)
	case "pgdown":
		m.journal.scroll(max(1, height-1), height)
	case "shift+up":
		m.journal.scroll(-1, height)
	case "shift+down":
		m.journal.scroll(1, height)
	case "home":
		m.journal.home(height)
	case "end":
		m.journal.end()
	}
	return nil
}

// wheelRows is how far one step of the mouse's wheel goes.
const wheelRows = 3

func (m *model) wheel(msg tea.MouseWheelMsg) {
	by := wheelRows
	switch msg.Button {
	case tea.MouseWheelUp:
		by = -wheelRows
	case tea.MouseWheelDown:
	default:
		return
	}
	if m.panel.kind != noPanel {
		m.panel.top += by
		return
	}
	m.journal.scroll(by, m.logHeight())
}

// interrupt clears the text; a second time in a row it ends the chat.
func (m *model) interrupt(again bool) tea.Cmd {
	if again {
		m.end = ErrInterrupted
		return tea.Quit
	}
	m.warned = true
	if len(m.editor.text) == 0 {
		m.tell(m.Text("chat.quit_again"))
	}
	m.editor.clear()
	return nil
}

// retry connects now: again, if the server did not want us.
func (m *model) retry() tea.Cmd {
	if m.refused != nil {
		return m.join(m.conn.URL(), m.conn.You().Name, "")
	}
	m.conn.Retry()
	return nil
}

// enter sends the text, or does what it commands. What cannot be done stays to be edited.
func (m *model) enter() tea.Cmd {
	text := strings.TrimRight(string(m.editor.text), "\n")
	if strings.TrimSpace(text) == "" {
		m.editor.clear()
		return nil
	}
	if m.wants() != noAnswer && !strings.HasPrefix(text, "/") {
		return m.answer(strings.TrimSpace(text))
	}
	if rest, escaped := strings.CutPrefix(text, "//"); escaped {
		text = "/" + rest
	} else if strings.HasPrefix(text, "/") {
		return m.command(text)
	}
	if m.send(client.Outgoing{Text: text}) {
		m.editor.take()
	}
	return nil
}

// send puts a message into the room, and into the journal. False means that the person was told why not.
func (m *model) send(o client.Outgoing) bool {
	if m.refused != nil {
		m.tell(m.Text("chat.screen.refused"))
		return false
	}
	id, err := m.conn.TrySend(o)
	if err != nil {
		m.tell(problem(m.Texts, m.conn, err))
		return false
	}
	you := m.conn.You()
	e := ownEntry(m.Texts, o, id, you, m.people.label(you), m.now())
	e.offline = m.phase != client.Connected
	m.journal.fit(e)
	m.journal.outbox = append(m.journal.outbox, e)
	m.journal.end()
	m.journal.first = nil
	m.said = m.now().Add(-typingSign) // the next sign may come at once
	return true
}

// earlier asks for messages of before those that were shown.
func (m *model) earlier(n int) tea.Cmd {
	if m.loading || m.phase != client.Connected {
		return nil
	}
	m.loading = true
	before := m.journal.oldest()
	return m.ask(func(ctx context.Context, c connection) func(*model) tea.Cmd {
		page, err := c.History(ctx, before, n)
		return func(m *model) tea.Cmd {
			switch {
			case !m.loaded(err):
			case len(page.Messages) == 0:
				m.tell(m.Text("chat.no_earlier"))
			default:
				m.page(page)
			}
			return nil
		}
	})
}

// loaded is for when the answer of the history has come, or has not: then it tells why.
func (m *model) loaded(err error) bool {
	m.loading = false
	if err != nil && !errors.Is(err, client.ErrClosed) {
		m.tell(m.Text("chat.unanswered", "Cause", SafeLine(err.Error())))
	}
	return err == nil
}

// page shows earlier messages: the last of them at the bottom, where one looked.
func (m *model) page(p client.Page) {
	var earlier []*entry
	for _, message := range p.Messages {
		earlier = append(earlier, m.entry(message))
	}
	at := m.journal.prepend(earlier)
	m.journal.at, m.journal.following = place{at + len(earlier) - 1, 1 << 20}, false
	m.journal.hold(m.logHeight())
}
