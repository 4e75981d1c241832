package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"recado/client"
)

// An answerKind is what a refusal lets the person answer, in place of a message.
type answerKind int

const (
	noAnswer answerKind = iota
	tokenAnswer
	nameAnswer
)

// wants is what may end the refusal.
func (m *model) wants() answerKind {
	refused, is := m.refused.(*client.RefusedError) //nolint:errorlint // as State.Err says
	switch {
	case !is:
		return noAnswer
	case WantsToken(refused):
		return tokenAnswer
	case refused.Code == nameInvalid:
		return nameAnswer
	}
	return noAnswer
}

// answer enters the room anew with what the server asked for. It is not kept with what was typed.
func (m *model) answer(text string) tea.Cmd {
	kind := m.wants()
	m.editor.clear()
	if kind == nameAnswer {
		return m.join(m.conn.URL(), text, "")
	}
	return m.join(m.conn.URL(), m.conn.You().Name, text)
}

// question is the prompt for the answer, or "".
func (m *model) question() string {
	switch m.wants() {
	case tokenAnswer:
		return m.Text("chat.screen.token")
	case nameAnswer:
		return m.Text("page.argument.name")
	}
	return ""
}

// veiled is a text that others may not read over somebody's shoulder, with the cursor at the same character.
func veiled(text []byte, cursor int) (dots []byte, at int) {
	const dot = "•"
	count := func(part []byte) int { return ansi.StringWidth(string(part)) }
	return []byte(strings.Repeat(dot, count(text))), count(text[:cursor]) * len(dot)
}
