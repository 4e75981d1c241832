package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"recado/client"
)

const (
	// peopleFrom is from which width on the people have a column.
	peopleFrom = 60
	// chromeFrom is from which height on there is more than the journal and the input.
	chromeFrom = 8
)

// A frame is how the screen is divided.
type frame struct {
	tiny   bool // there is room for the journal and the input only
	log    int  // rows of the journal
	width  int  // of the journal
	side   int  // width of the column of the people, with its line; 0: there is none
	status string
	input  inputView
}

// frame divides the screen, for the terminal's size and the state.
func (m *model) frame() frame {
	f := frame{tiny: m.height < chromeFrom, width: m.width}
	f.input = m.inputView(m.width, max(1, m.height/3))
	f.log = m.height - len(f.input.rows)
	if !f.tiny {
		f.log -= 5 // header, two rules, who is typing, keys
		if f.status = m.status(); f.status != "" {
			f.log--
		}
		if m.width >= peopleFrom && !m.hidden {
			f.side = min(m.width/5, 20)
			f.width -= f.side
		}
	}
	f.log = max(0, f.log)
	m.journal.resize(f.width)
	return f
}

func (m *model) logHeight() int { return m.frame().log }

// View is what the screen shows.
func (m *model) View() tea.View {
	f := m.frame()
	rows := make([]string, 0, m.height)
	if !f.tiny {
		rows = append(rows, m.header(), m.rule(f, "┬", ""))
	}
	rows = append(rows, m.middle(f)...)
	if !f.tiny {
		rows = append(rows, m.rule(f, "┴", m.below()))
		if f.status != "" {
			rows = append(rows, f.status)
		}
		rows = append(rows, m.word())
	}
	cursor := tea.NewCursor(f.input.x, len(rows)+f.input.y)
	rows = append(rows, f.input.rows...)
	if !f.tiny {
		rows = append(rows, m.styles.faint.Render(m.hint()))
	}
	v := tea.NewView(strings.Join(rows, "\n"))
	v.AltScreen, v.ReportFocus, v.MouseMode = true, true, tea.MouseModeCellMotion
	v.Cursor = cursor
	v.WindowTitle = "#" + m.room() + " · recado"
	if m.journal.fresh > 0 {
		v.WindowTitle = m.Text("chat.screen.title", "Count", m.journal.fresh, "Title", v.WindowTitle)
	}
	return v
}

// middle is the journal, or the panel over it, with the people beside it.
func (m *model) middle(f frame) []string {
	rows := m.journal.view(f.log)
	switch {
	case m.panel.kind != noPanel:
		rows = m.panelView(f.width, f.log)
	case m.refused != nil:
		card := m.refusedRows(f.width)
		for i := range min(len(card), f.log) {
			rows[len(rows)-min(len(card), f.log)+i] = padded(card[i], f.width)
		}
	case m.journal.len() == 0 && !m.journal.cleared && m.phase == client.Connected:
		m.empty(rows, f.width)
	}
	if f.tiny {
		if over := m.overlay(); over != "" && len(rows) > 0 {
			rows[len(rows)-1] = padded(over, f.width)
		}
	}
	if f.side == 0 {
		return rows
	}
	beside := m.peopleRows(f.side-1, f.log)
	edge := m.styles.line.Render("│")
	for i := range rows {
		person := ""
		if i < len(beside) {
			person = beside[i]
		}
		rows[i] += edge + padded(person, f.side-1)
	}
	return rows
}

// empty is for a room in which nothing was said.
func (m *model) empty(rows []string, width int) {
	middle := len(rows) / 2
	if middle == 0 || middle+1 >= len(rows) {
		return
	}
	plain := m.styles.strong.Render
	rows[middle-1] = centered(m.Text("page.empty.title"), width, " ", plain)
	rows[middle] = centered(m.Text("page.empty.text"), width, " ", m.styles.faint.Render)
}

// overlay is the most urgent word, where there is no row for one.
func (m *model) overlay() string {
	if m.flash.text != "" {
		return m.styles.warn.Render(m.flash.text)
	}
	if below := m.below(); below != "" {
		return m.styles.accent.Render(below)
	}
	return ""
}

// header is the top row: where we are, and how it is.
func (m *model) header() string {
	s := m.styles
	p := m.pill()
	right := p.style.Render(p.text)
	if m.begun {
		right += s.faint.Render("  " + m.Count("chat.people", m.people.count))
	}
	room := "#" + m.room()
	free := m.width - ansi.StringWidth(right) - 2
	left := " " + s.accent.Render(room)
	if full := " " + s.faint.Render("recado") + "  " + s.accent.Render(room); ansi.StringWidth(full) < free {
		left = full
	}
	if with := left + "  " + s.faint.Render(m.server()); ansi.StringWidth(with) < free {
		left = with
	}
	if free < ansi.StringWidth(left) {
		right = p.style.Render(p.symbol)
		free = m.width - ansi.StringWidth(right) - 2
	}
	return padded(left, max(1, free)) + " " + right + " "
}

// rule is a line across the screen, with a word in it.
func (m *model) rule(f frame, joint, word string) string {
	s := m.styles.line
	line := s.Render(strings.Repeat("─", f.width))
	if word != "" {
		word = ansi.Truncate(word, max(0, f.width-4), "…")
		free := f.width - ansi.StringWidth(word) - 2
		line = s.Render(strings.Repeat("─", free/2)) + " " + m.styles.accent.Render(word) + " " +
			s.Render(strings.Repeat("─", free-free/2))
	}
	if f.side > 0 {
		line += s.Render(joint + strings.Repeat("─", f.side-1))
	}
	return line
}

// below tells what lies below what is looked at.
func (m *model) below() string {
	switch j := m.journal; {
	case m.panel.kind != noPanel && m.panel.more:
		return "↑ ↓ · " + m.Text("chat.screen.close")
	case m.panel.kind != noPanel:
		return m.Text("chat.screen.close")
	case j.following:
		return ""
	case j.fresh > 0:
		return "↓ " + m.Count("page.new", j.fresh) + " (End)"
	}
	return "↓ End"
}

// word is the row above the input: a word to the person, or who is typing.
func (m *model) word() string {
	if m.flash.text != "" {
		return m.styles.warn.Render(ansi.Truncate(" "+m.flash.text, m.width, "…"))
	}
	text := ""
	switch names := m.people.typists(); {
	case len(names) > namesAtOnce:
		text = m.Text("page.typing.many")
	case len(names) > 0:
		id := "page.typing"
		text = m.Count(id, len(names), "Names", m.names(names))
	}
	return m.styles.faint.Render(ansi.Truncate(" "+text, m.width, "…"))
}

// hint is the row of keys: as many as fit, the help among them.
func (m *model) hint() string {
	parts := strings.Split(m.Text("chat.screen.hint"), " · ")
	for {
		hint := " " + strings.Join(parts, " · ")
		if len(parts) == 1 || ansi.StringWidth(hint) <= m.width {
			return ansi.Truncate(hint, m.width, "…")
		}
		parts = slices.Delete(parts, max(0, len(parts)-2), len(parts)-1)
	}
}

// An inputView is the text being typed, with the place of the cursor.
type inputView struct {
	rows []string
	x, y int
}

// inputView draws the text being typed, the rows around the cursor of it.
func (m *model) inputView(width, height int) inputView {
	who, text, cursor := m.me(), m.editor.text, m.editor.cursor
	if question := m.question(); question != "" {
		who = question
		if m.wants() == tokenAnswer && (len(text) == 0 || text[0] != '/') {
			text, cursor = veiled(text, cursor)
		}
	}
	prompt := ansi.Truncate(who, max(4, min(maxName+5, width/3)), "…") + " › "
	if m.height < chromeFrom {
		if p := m.pill(); p.symbol != connectedSymbol {
			prompt = p.symbol + " " + prompt
		}
	}
	prompt = " " + prompt
	left := ansi.StringWidth(prompt)
	room := max(1, width-left)
	var v inputView
	at := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		here := cursor - at
		if here < 0 || here > len(line) {
			here = -1
		}
		l := lay("", []byte(line), here, room)
		if here >= 0 {
			v.x, v.y = left+l.column, len(v.rows)+l.row
		}
		v.rows = append(v.rows, l.rows...)
		at += len(line) + 1
	}
	indent := strings.Repeat(" ", left)
	for i := range v.rows {
		if i == 0 {
			v.rows[i] = m.styles.strong.Render(prompt) + v.rows[i]
		} else {
			v.rows[i] = indent + v.rows[i]
		}
	}
	if over := len(v.rows) - height; over > 0 {
		from := min(over, max(0, v.y-height+1))
		v.rows, v.y = v.rows[from:from+height], v.y-from
	}
	return v
}
