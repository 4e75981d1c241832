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
	do         func(m *model, rest string) tea.Cmd // rest is what follows the name
}

func orders() []order {
	return []order{
		{"/help", "/ajuda", helpText("", "page.command.help"), (*model).help},
		{"/nick", "/nick", helpText("page.argument.name", "page.command.nick"), (*model).rename},
		{"/join", "/entrar", helpText("page.argument.room", "page.command.join"), (*model).goTo},
		{"/who", "/quem", helpText("", "page.command.who"), (*model).who},
		{"/me", "/me", helpText("page.argument.text", "page.command.me"), (*model).act},
		{"/history", "/historico", helpText("", "page.command.history"), (*model).history},
		{"/export", "/export", exportHelp, (*model).export},
		{"/clear", "/limpar", helpText("", "page.command.clear"), (*model).wipe},
		{"/qr", "/qr", helpText("", "page.command.qr"), (*model).qr},
		{"/queue", "/fila", helpText("", "page.command.queue"), (*model).queue},
		{"/quit", "/sair", quitHelp, func(*model, string) tea.Cmd { return tea.Quit }},
	}
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
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	name = strings.ReplaceAll(strings.ToLower(name), "ó", "o")
	for _, o := range orders() {
		if name == o.english || name == o.portuguese {
			m.editor.take()
			return o.do(m, strings.TrimSpace(rest))
		}
	}
	m.tell(m.Text("page.problem.command", "Command", SafeLine(name)))
	return nil
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
	return m.ask(func(ctx context.Context, c connection) func(*model) tea.Cmd {
		err := c.Rename(ctx, name)
		return func(m *model) tea.Cmd {
			if err != nil {
				m.tell(m.problem(err))
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
	address, err := m.find(m.conn.URL(), room)
	if err != nil {
		m.tell(m.Text("page.rooms.invalid"))
		return nil
	}
	return m.join(address)
}

func (m *model) join(address string) tea.Cmd {
	next, err := m.world.enter(address, m.conn.You().Name)
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
	var names []string
	for _, member := range m.people.members {
		name := m.people.label(member)
		if member.ID == m.people.you {
			name += " " + m.Text("chat.you")
		}
		names = append(names, name)
	}
	text := m.Count("chat.people", m.people.count)
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	m.note(notice, text)
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

// queue tells what waits to be in the room.
func (m *model) queue(string) tea.Cmd {
	m.note(notice, m.Text("page.queue", "Queued", m.Count("states.queued", m.conn.Waiting())))
	for _, e := range slices.Clone(m.journal.outbox) {
		first, _, _ := strings.Cut(e.text, "\n")
		m.note(notice, "  "+string(e.mark)+" "+first)
	}
	return nil
}
