package tui

import (
	"context"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

// An order is what a text that begins with a slash does. The names are those of the page, in both languages.
type order struct {
	english    string
	portuguese string
	help       func(t *locale.Texts) (argument, text string)
	full       func(m *model, rest string) tea.Cmd // rest is what follows the name
	line       func(t *talk, rest string)
}

func orders() []order {
	return []order{
		{"/help", "/ajuda", helpText("", "page.command.help"), (*model).help, (*talk).help},
		{"/nick", "/nick", helpText("page.argument.name", "page.command.nick"), (*model).rename, (*talk).rename},
		{"/join", "/entrar", helpText("page.argument.room", "page.command.join"), (*model).goTo, (*talk).goTo},
		{"/who", "/quem", helpText("", "page.command.who"), (*model).who, (*talk).who},
		{"/me", "/me", helpText("page.argument.text", "page.command.me"), (*model).act, (*talk).act},
		{"/history", "/historico", helpText("", "page.command.history"), (*model).history, (*talk).earlier},
		{"/export", "/export", exportHelp, (*model).export, (*talk).export},
		{"/clear", "/limpar", helpText("", "page.command.clear"), (*model).wipe, (*talk).wipe},
		{"/qr", "/qr", helpText("", "page.command.qr"), (*model).qr, (*talk).qr},
		{"/queue", "/fila", queueHelp, (*model).queue, (*talk).queue},
		{"/quit", "/sair", quitHelp, (*model).quit, (*talk).quit},
	}
}

// findOrder is the order that a text begins with, and what follows its name there; nil if there is none.
func findOrder(text string) (o *order, name, rest string) {
	name, rest, _ = strings.Cut(strings.TrimSpace(text), " ")
	name = strings.ReplaceAll(strings.ToLower(name), "ó", "o")
	for _, o := range orders() {
		if name == o.english || name == o.portuguese {
			return &o, name, strings.TrimSpace(rest)
		}
	}
	return nil, name, ""
}

// orderNames are the names that begin so: those of the language, or else those of the other one.
func orderNames(t *locale.Texts, word string) (found []string) {
	var others []string
	for _, o := range orders() {
		name := o.name(t)
		if strings.HasPrefix(name, word) {
			found = append(found, name)
			continue
		}
		for _, other := range []string{o.english, o.portuguese} {
			if strings.HasPrefix(other, word) {
				others = append(others, other)
			}
		}
	}
	if len(found) == 0 {
		return slices.Compact(others)
	}
	return found
}

// usage is the name with its argument.
func (o order) usage(t *locale.Texts) string {
	argument, _ := o.help(t)
	return strings.TrimSpace(o.name(t) + " " + argument)
}

func helpText(argument, text string) func(t *locale.Texts) (string, string) {
	return func(t *locale.Texts) (string, string) {
		if argument == "" {
			return "", t.Text(text)
		}
		return t.Text(argument), t.Text(text)
	}
}

func exportHelp(t *locale.Texts) (argument, text string) {
	return t.Text("chat.screen.file"), t.Text("page.command.export")
}

func queueHelp(t *locale.Texts) (argument, text string) {
	return t.Text("chat.queue.argument"), t.Text("chat.queue.command")
}

func quitHelp(t *locale.Texts) (argument, text string) { return "", t.Text("chat.screen.quit") }

// name is what those who speak this language call the order.
func (o order) name(t *locale.Texts) string {
	if t.Language() == locale.Portuguese {
		return o.portuguese
	}
	return o.english
}

// command does what the text says, and keeps the text if there is no such command.
func (m *model) command(text string) tea.Cmd {
	o, name, rest := findOrder(text)
	if o == nil {
		m.tell(m.Text("page.problem.command", "Command", SafeLine(name)))
		return nil
	}
	m.editor.take()
	return o.full(m, rest)
}

func (m *model) help(string) tea.Cmd {
	m.show(panel{kind: helpPanel})
	return nil
}

func (m *model) rename(name string) tea.Cmd {
	if name == "" {
		m.tell(m.Text("chat.name_invalid", "Limit", recado.MaxName))
		return nil
	}
	if m.refused != nil {
		return m.join(m.conn.URL(), name, "")
	}
	return m.ask(func(ctx context.Context, c connection) func(*model) tea.Cmd {
		err := c.Rename(ctx, name)
		return func(m *model) tea.Cmd {
			if err != nil {
				m.tell(problem(m.Texts, m.conn, err))
				return nil
			}
			m.people.set(m.conn)
			m.tell(m.Text("chat.name", "Name", SafeLine(m.conn.You().Name)))
			return nil
		}
	})
}

// goTo enters another room, and leaves this one.
func (m *model) goTo(room string) tea.Cmd {
	address, token, err := m.find(m.conn.URL(), room)
	if err != nil {
		m.tell(m.Text("page.rooms.invalid"))
		return nil
	}
	return m.join(address, m.conn.You().Name, token)
}

func (m *model) join(address, name, token string) tea.Cmd {
	next, err := m.world.enter(address, name, token)
	if err != nil {
		m.tell(m.Text("page.rooms.invalid"))
		return nil
	}
	old := m.conn
	m.begin(next)
	m.moved = true
	return tea.Batch(listen(next), func() tea.Msg {
		m.leave(old)
		return nil
	})
}

func (m *model) who(string) tea.Cmd {
	m.reply(notice, m.people.list(m.Texts))
	return nil
}

func (m *model) act(text string) tea.Cmd {
	if text == "" {
		m.tell(m.Text("page.command.me"))
		return nil
	}
	m.send(client.Outgoing{Text: text, Event: actionEvent})
	return nil
}

func (m *model) history(number string) tea.Cmd {
	n, err := strconv.Atoi(number)
	if err != nil || n <= 0 {
		n = recent
	}
	if m.phase != client.Connected {
		m.tell(m.Text("states.reconnecting.banner"))
	}
	return m.earlier(n)
}

func (m *model) wipe(string) tea.Cmd {
	m.journal.clear()
	return nil
}

func (m *model) qr(string) tea.Cmd {
	m.show(panel{kind: codePanel})
	return nil
}

// queue shows what waits to be in the room, or deals with it.
func (m *model) queue(what string) tea.Cmd {
	switch {
	case discards(what):
		m.panel = panel{}
		m.tell(discard(m.Texts, m.conn, m.journal))
	case retries(what):
		m.panel = panel{}
		for _, e := range m.journal.failed() {
			if !m.send(e.again) {
				break
			}
			m.journal.forget(e)
		}
	default:
		m.show(panel{kind: queuePanel})
	}
	return nil
}

func (m *model) quit(string) tea.Cmd { return tea.Quit }
