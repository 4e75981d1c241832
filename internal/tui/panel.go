package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"recado/client"
)

// A panelKind is what is shown in place of the journal.
type panelKind int

const (
	noPanel panelKind = iota
	helpPanel
	codePanel
	peoplePanel
	queuePanel
)

// A panel covers the journal until a key is pressed.
type panel struct {
	kind panelKind
	top  int  // the first row that is shown
	more bool // than fits
}

// show opens a panel, or closes it if it is open already.
func (m *model) show(p panel) {
	if m.panel.kind == p.kind {
		p = panel{}
	}
	m.panel = p
}

// pressPanel is for keys while a panel is open. False means that the key has its usual meaning, too.
func (m *model) pressPanel(name string) bool {
	page := max(1, m.logHeight()-1)
	switch name {
	case "up", "shift+up":
		m.panel.top--
	case "down", "shift+down":
		m.panel.top++
	case "pgup":
		m.panel.top -= page
	case "pgdown":
		m.panel.top += page
	case "home":
		m.panel.top = 0
	case "end":
		m.panel.top = 1 << 20
	case "f1", "f2":
		return false
	default:
		m.panel = panel{}
		return name == "esc" || name == "enter" && len(m.editor.text) == 0
	}
	return true
}

// togglePeople shows who is here, or no more: beside the journal, or in its place where there is no room.
func (m *model) togglePeople() {
	if m.width < peopleFrom {
		m.show(panel{kind: peoplePanel})
		return
	}
	m.panel = panel{}
	m.hidden = !m.hidden
}

// panelView is the part of a panel that fits.
func (m *model) panelView(width, height int) []string {
	var all []string
	switch m.panel.kind {
	case helpPanel:
		all = m.helpRows(width)
	case codePanel:
		all = m.codeRows(width)
	case queuePanel:
		for _, row := range queueRows(m.Texts, m.conn, m.journal) {
			for _, line := range wrapped(row, width-2) {
				all = append(all, " "+line)
			}
		}
	case peoplePanel:
		all = m.peopleRows(width, m.people.count+len(m.people.departed)+1)
	}
	m.panel.top = max(0, min(m.panel.top, len(all)-height))
	m.panel.more = len(all) > height
	shown := all[m.panel.top:min(len(all), m.panel.top+height)]
	rows := make([]string, height)
	for i := range rows {
		if i < len(shown) {
			rows[i] = shown[i]
		}
		rows[i] = padded(rows[i], width)
	}
	return rows
}

// helpRows are the keys and the commands.
func (m *model) helpRows(width int) []string {
	s := m.styles
	rows := []string{" " + s.accent.Render(m.Text("page.help"))}
	row := func(what, does string) {
		const left = 26
		if width < wide {
			rows = append(rows, " "+s.strong.Render(what))
			for _, line := range wrapped(does, width-3) {
				rows = append(rows, "   "+line)
			}
			return
		}
		for i, line := range wrapped(does, width-left-3) {
			if i > 0 {
				what = ""
			}
			rows = append(rows, "  "+padded(s.strong.Render(what), left)+line)
		}
	}
	for line := range strings.SplitSeq(m.Text("chat.screen.keys"), "\n") {
		what, does, _ := strings.Cut(line, "\t")
		row(what, does)
	}
	rows = append(rows, "", " "+s.accent.Render(m.Text("page.help.commands")))
	for _, o := range orders() {
		_, text := o.help(m.Texts)
		row(o.usage(m.Texts), text)
	}
	row("//", m.Text("page.command.slash"))
	return rows
}

// codeRows are the QR code of the room's address, with what to know about it beside or below.
func (m *model) codeRows(width int) []string {
	s, link := m.styles, m.link()
	rows := strings.Split(strings.TrimRight(m.code(link), "\n"), "\n")
	left := ansi.StringWidth(rows[0])
	if left > width {
		rows, left = nil, 0 // half a code is none
	}
	beside := width-left >= 30
	room := width - 2
	if beside {
		room -= left + 1
	}
	text := []string{s.accent.Render(m.Text("page.qr.title", "Room", m.room())), ""}
	text = append(text, strings.Split(ansi.Wrap(link, room, "/"), "\n")...)
	if isLoopback(link) {
		text = append(text, "")
		for _, line := range wrapped(m.Text("page.empty.loopback", "Command", "recado serve --lan"), room) {
			text = append(text, s.warn.Render(line))
		}
	}
	for i, line := range text {
		switch {
		case !beside:
			rows = append(rows, " "+line)
		case i+1 < len(rows):
			rows[i+1] += "  " + line
		default:
			rows = append(rows, strings.Repeat(" ", left+2)+line)
		}
	}
	return rows
}

// refusedRows are the card that says why there will be no connection.
func (m *model) refusedRows(width int) []string {
	s := m.styles
	message, hint := m.refused.Error(), ""
	if refused, is := m.refused.(*client.RefusedError); is { //nolint:errorlint // as State.Err says
		message, hint = Refusal(refused, m.Texts)
	}
	var rows []string
	inner := max(8, min(width-6, 64))
	edge := s.bad.Render
	rows = append(rows, edge("╭"+strings.Repeat("─", inner+2)+"╮"))
	line := func(text string, style func(...string) string) {
		for _, part := range wrapped(text, inner) {
			rows = append(rows, edge("│")+" "+padded(style(part), inner)+" "+edge("│"))
		}
	}
	plain := func(text ...string) string { return strings.Join(text, "") }
	line("⊘ "+message, s.strong.Render)
	line("", plain)
	line(hint, plain)
	line("", plain)
	switch m.wants() {
	case tokenAnswer:
		line(m.Text("states.refused.token")+": "+m.Text("chat.screen.answer"), s.faint.Render)
	case nameAnswer:
		line(m.Text("states.refused.name")+": "+m.Text("chat.screen.answer"), s.faint.Render)
	}
	line("Ctrl+R: "+m.Text("states.refused.retry"), s.faint.Render)
	rows = append(rows, edge("╰"+strings.Repeat("─", inner+2)+"╯"))
	indent := strings.Repeat(" ", max(0, (width-inner-4)/2))
	for i := range rows {
		rows[i] = indent + rows[i]
	}
	return rows
}
