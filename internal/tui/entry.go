package tui

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

// A sort is what an entry of the journal is.
type sort int

const (
	said   sort = iota
	action      // of /me
	notice      // about the chat itself
	alarm       // a notice of what went wrong
)

// A mark tells what became of an own message.
type mark string

const (
	unmarked mark = ""
	waiting  mark = "…"
	sent     mark = "✓"
	lost     mark = "✗"
)

// together is within which time messages of one person stand together.
const together = 5 * time.Minute

// An entry is one message or notice. Its texts are safe.
type entry struct {
	sort     sort
	at       time.Time
	from     recado.MemberID // zero where there is none
	name     string          // the sender's
	label    string          // the name as it is shown, told apart from others
	text     string
	own      bool
	mark     mark
	position recado.Position // zero for what the server does not keep

	id      string          // of an own message that waits
	again   client.Outgoing // which can be sent again, until it is in the room
	missing client.Gap      // what a notice says is missing
	offline bool            // it was sent while there was no connection
	change  client.Change   // what happened to the people of a notice; 0 for other notices
	people  []string        // whom a notice is about
	kept    rows            // what render returned last
	above   *entry          // for this entry above
	made    int             // in this generation
	day     time.Time       // and on this day
}

// heardEntry is a message of the room.
func heardEntry(t *locale.Texts, e client.Message, label string, you recado.MemberID) *entry {
	out := &entry{
		at: e.Time.Local(), from: e.From.ID, name: SafeLine(e.From.Name), label: label,
		text: strings.TrimRight(Safe(string(e.Data)), "\n"), position: e.Position,
	}
	switch {
	case e.Kind == recado.Binary:
		out.text = t.Count("chat.binary", len(e.Data))
	case e.Event == actionEvent:
		out.sort = action
	}
	if e.From.ID == you && you != (recado.MemberID{}) {
		out.own, out.mark = true, sent
	}
	return out
}

// ownEntry is a message that was handed over to be sent, under this id.
func ownEntry(t *locale.Texts, o client.Outgoing, id string, you client.Member, label string, now time.Time) *entry {
	e := &entry{
		at: now, from: you.ID, name: SafeLine(you.Name), label: label, text: Safe(o.Text),
		own: true, mark: waiting, id: id, again: o,
	}
	if e.name == "" { // there was no connection yet
		e.name, e.label = t.Text("chat.screen.you"), t.Text("chat.screen.you")
	}
	if o.Event == actionEvent {
		e.sort = action
	}
	return e
}

// rows are what an entry looks like, each as wide as the journal.
type rows []string

func (e *entry) isMessage() bool { return e.sort == said || e.sort == action }

// follows reports that an entry needs no name of its own below above.
func (e *entry) follows(above *entry) bool {
	return above != nil && e.sort == said && above.sort == said && e.from == above.from && e.name == above.name &&
		e.at.Sub(above.at) < together && sameDay(e.at, above.at)
}

// render draws the entry below another one, or none.
func (e *entry) render(j *journal, above *entry) (out rows) {
	if above == nil || !sameDay(e.at, above.at) {
		out = append(out, centered(" "+j.day(e.at)+" ", j.width, " ", j.styles.faint.Render))
	}
	if j.width >= wide {
		return append(out, e.beside(j, above)...)
	}
	return append(out, e.below(j, above)...)
}

// beside draws the time and the name beside the text.
func (e *entry) beside(j *journal, above *entry) (out rows) {
	s := j.styles
	clock, who := e.at.Format("15:04"), e.label
	name := s.person(e.name).Render
	switch {
	case e.sort == notice, e.sort == alarm:
		clock, who, name = "     ", "·", s.faint.Render
	case e.sort == action:
		who = "*"
	case e.follows(above):
		who = ""
		if above.at.Format("15:04") == clock {
			clock = "     "
		}
	}
	who = ansi.Truncate(who, j.nameWidth, "…")
	indent := strings.Repeat(" ", j.nameWidth-ansi.StringWidth(who))
	first := " " + s.faint.Render(clock) + " " + indent + name(who) + s.line.Render(" │ ")
	next := strings.Repeat(" ", 7+j.nameWidth) + s.line.Render(" │ ")
	left := 10 + j.nameWidth
	for i, line := range e.lines(s, j.width-left-markWidth) {
		head := next
		if i == 0 {
			head = first
		}
		out = append(out, head+line)
	}
	return e.finish(out, j)
}

// below draws the text below the name and the time, where there is little room.
func (e *entry) below(j *journal, above *entry) (out rows) {
	s := j.styles
	if e.sort == said && !e.follows(above) {
		name := ansi.Truncate(e.label, j.width-7, "…")
		out = append(out, padded(s.person(e.name).Render(name)+" "+s.faint.Render(e.at.Format("15:04")), j.width))
	}
	var body rows
	first, next := " ", " "
	if !e.isMessage() {
		first, next = s.faint.Render("· "), "  "
	}
	for i, line := range e.lines(s, j.width-ansi.StringWidth(next)-markWidth) {
		head := next
		if i == 0 {
			head = first
		}
		body = append(body, head+line)
	}
	return append(out, e.finish(body, j)...)
}

// markWidth is what the mark of an own message takes, with the space before it.
const markWidth = 2

// lines breaks the text into what fits, in its colours.
func (e *entry) lines(s *styles, width int) []string {
	text := e.text
	if e.sort == action {
		text = e.label + " " + text
	}
	lines := wrapped(text, width)
	for i, line := range lines {
		switch e.sort {
		case notice:
			lines[i] = s.faint.Render(line)
		case alarm:
			lines[i] = s.warn.Render(line)
		case action:
			if rest, whole := strings.CutPrefix(line, e.label); i == 0 && whole {
				lines[i] = s.person(e.name).Render(e.label) + rest
			}
		}
	}
	return lines
}

// finish pads the rows, and puts the mark at the end of the last one.
func (e *entry) finish(out rows, j *journal) rows {
	s := j.styles
	for i := range out {
		end := ""
		if i == len(out)-1 {
			switch e.mark {
			case waiting:
				end = s.warn.Render(string(e.mark))
			case sent:
				end = s.good.Render(string(e.mark))
			case lost:
				end = s.bad.Render(string(e.mark))
			}
		}
		out[i] = padded(out[i], j.width-markWidth) + padded(end, markWidth)
	}
	return out
}

// wrapped breaks a text into rows at its spaces; where somebody wrote --lan, it stays that.
func wrapped(text string, width int) []string {
	const hyphen, whole = "-", "\ufdd0" // ansi breaks behind hyphens; the other one is no character, and as wide
	text = ansi.Wrap(strings.ReplaceAll(text, hyphen, whole), max(4, width), "")
	return strings.Split(strings.ReplaceAll(text, whole, hyphen), "\n")
}

// padded makes s exactly that wide.
func padded(s string, width int) string {
	have := ansi.StringWidth(s)
	if have > width {
		s = ansi.Truncate(s, max(0, width), "…")
		have = ansi.StringWidth(s)
	}
	return s + strings.Repeat(" ", max(0, width-have))
}

// centered puts text into the middle of a row of a fill character.
func centered(text string, width int, fill string, style func(...string) string) string {
	text = ansi.Truncate(text, width, "…")
	free := width - ansi.StringWidth(text)
	return style(strings.Repeat(fill, free/2) + text + strings.Repeat(fill, free-free/2))
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}
