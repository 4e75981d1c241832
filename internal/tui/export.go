package tui

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"recado/internal/locale"
)

// formats are those of the page's exports.
func formats() []string { return []string{"txt", "md", "json"} }

// export writes the messages that are here to a new file: FORMAT, or FILE with the ending of one.
func (m *model) export(to string) tea.Cmd {
	e := newExport(m.room(), m.link(), m.journal)
	name, format := e.file(to, m.now())
	if format == "" {
		m.tell(m.Text("page.problem.format"))
		return nil
	}
	conn := m.conn
	return func() tea.Msg { // a disk may be slow
		err := m.write(name, e.text(format))
		return answerMsg{conn, func(m *model) tea.Cmd {
			how := notice
			if err != nil {
				how = alarm
			}
			m.reply(how, e.outcome(m.Texts, name, err))
			return nil
		}}
	}
}

// fileName keeps of a room's name what every file system takes.
func fileName(room string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.M, unicode.N) || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, room)
}

// An export is what was said, as a file.
type export struct {
	room, address string
	messages      []*entry
}

func newExport(room, address string, j *journal) *export {
	e := &export{room: room, address: address}
	for _, entry := range j.entries {
		if entry.isMessage() {
			e.messages = append(e.messages, entry)
		}
	}
	return e
}

// file is the name and the format that a person means by a format, a file, or nothing; the format is "" if there is no
// such one.
func (e *export) file(to string, now time.Time) (name, format string) {
	name, format = to, strings.TrimPrefix(filepath.Ext(to), ".")
	if to == "" || slices.Contains(formats(), to) {
		if format = to; to == "" {
			format = formats()[0]
		}
		name = "recado-" + fileName(e.room) + now.Format("-20060102-150405.") + format
	}
	if !slices.Contains(formats(), format) {
		return "", ""
	}
	return name, format
}

// outcome tells what became of it.
func (e *export) outcome(t *locale.Texts, name string, err error) string {
	if err != nil {
		return t.Text("chat.screen.export_failed", "Cause", SafeLine(err.Error()))
	}
	return t.Count("chat.screen.exported", len(e.messages), "File", SafeLine(name))
}

func (e *export) text(format string) string {
	switch format {
	case "md":
		return e.markdown()
	case "json":
		return e.json()
	}
	return e.plain()
}

func (e *export) plain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#%s · %s\n\n", e.room, e.address)
	for _, m := range e.messages {
		who := m.label + ":"
		if m.sort == action {
			who = "* " + m.label
		}
		fmt.Fprintf(&b, "[%s] %s %s\n", m.at.Format(time.DateTime), who, strings.ReplaceAll(m.text, "\n", "\n    "))
	}
	return b.String()
}

var (
	ticks  = regexp.MustCompile("`+")
	markup = regexp.MustCompile("[\\\\`*_{}\\[\\]<>#|]")
)

// markdown puts each text into a fence: what people write is nobody's markup.
func (e *export) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# #%s\n\n<%s>\n", markup.ReplaceAllString(e.room, `\$0`), e.address)
	for _, m := range e.messages {
		longest := 2
		for _, run := range ticks.FindAllString(m.text, -1) {
			longest = max(longest, len(run))
		}
		fence := strings.Repeat("`", longest+1)
		name := markup.ReplaceAllString(m.label, `\$0`)
		fmt.Fprintf(&b, "\n**%s** %s\n\n%s\n%s\n%s\n", name, m.at.Format(time.DateTime), fence, m.text, fence)
	}
	return b.String()
}

func (e *export) json() string {
	type from struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	type message struct {
		Time     time.Time `json:"time"`
		From     from      `json:"from"`
		Own      bool      `json:"own"`
		Position string    `json:"position,omitempty"`
		Event    string    `json:"event,omitempty"`
		Text     string    `json:"text"`
	}
	out := struct {
		Room     string    `json:"room"`
		Address  string    `json:"address"`
		Messages []message `json:"messages"`
	}{e.room, e.address, []message{}}
	for _, m := range e.messages {
		one := message{Time: m.at.UTC(), From: from{m.from.String(), m.name}, Own: m.own, Text: m.text}
		if m.position.Seq != 0 {
			one.Position = m.position.String()
		}
		if m.sort == action {
			one.Event = actionEvent
		}
		out.Messages = append(out.Messages, one)
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic(err) // there is nothing in it that JSON does not have
	}
	return string(text) + "\n"
}
