package tui

import (
	"slices"
	"strings"
	"time"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

const (
	// typingTime is how long somebody is shown as typing after a sign of it.
	typingTime = 5 * time.Second
	// typingSign is how long to wait before we give another sign.
	typingSign = 3 * time.Second
	// departedTime is how long somebody who has left is still shown.
	departedTime = 30 * time.Second
	// condenseTime is within which time comings and goings are told of in one line.
	condenseTime = 5 * time.Minute
	// namesAtOnce is how many people are told of by name at once.
	namesAtOnce = 4
	// typistsMax bounds those whose signs are kept.
	typistsMax = 100
)

// people are those in the room, as the screen shows them.
type people struct {
	you      recado.MemberID
	members  []client.Member // sorted by name, ourselves first; none in a large room
	count    int
	named    map[string]int // how many members have a name
	typing   map[recado.MemberID]typist
	departed map[recado.MemberID]departure
}

type typist struct {
	name  string
	until time.Time
}

type departure struct {
	label string
	until time.Time
}

// set takes over what the connection knows.
func (p *people) set(c connection) {
	p.you, p.members, p.count = c.You().ID, c.Members(), c.Count()
	if i := slices.IndexFunc(p.members, func(m client.Member) bool { return m.ID == p.you }); i > 0 {
		you := p.members[i]
		copy(p.members[1:i+1], p.members[:i])
		p.members[0] = you
	}
	p.named = make(map[string]int, len(p.members))
	for _, m := range p.members {
		p.named[m.Name]++
		delete(p.departed, m.ID)
	}
}

// label is the name of a member, with something of its id if others have the same one.
func (p *people) label(m client.Member) string {
	if p.named[m.Name] > 1 {
		return tagged(m)
	}
	return SafeLine(m.Name)
}

// list tells of all who are here.
func (p *people) list(t *locale.Texts) string {
	var names []string
	for _, member := range p.members {
		name := p.label(member)
		if member.ID == p.you {
			name += " " + t.Text("chat.you")
		}
		names = append(names, name)
	}
	text := t.Count("chat.people", p.count)
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	return text
}

// leaver is the label of who was in the room until now.
func (p *people) leaver(m client.Member) string {
	if p.named[m.Name] > 0 {
		return tagged(m)
	}
	return SafeLine(m.Name)
}

func tagged(m client.Member) string {
	if m.ID == (recado.MemberID{}) {
		return SafeLine(m.Name)
	}
	return SafeLine(m.Name) + "#" + m.ID.String()[1:5]
}

func (p *people) types(m client.Member, now time.Time) {
	if len(p.typing) < typistsMax {
		p.typing[m.ID] = typist{p.label(m), now.Add(typingTime)}
	}
}

// pass forgets what has had its time.
func (p *people) pass(now time.Time) {
	for id, t := range p.typing {
		if now.After(t.until) {
			delete(p.typing, id)
		}
	}
	for id, d := range p.departed {
		if now.After(d.until) {
			delete(p.departed, id)
		}
	}
}

// typists are the names of those who type.
func (p *people) typists() []string {
	var names []string
	for _, t := range p.typing {
		names = append(names, t.name)
	}
	slices.Sort(names)
	return names
}

// presence tells who comes and goes, unless there are too many of them.
func (m *model) presence(e client.Presence) {
	name := m.people.label(e.Member)
	if e.Change == client.Left {
		name = m.people.leaver(e.Member)
		delete(m.people.typing, e.Member.ID)
		if len(m.people.departed) < crowd {
			m.people.departed[e.Member.ID] = departure{name, m.now().Add(departedTime)}
		}
	}
	if m.people.count > crowd || e.Member.ID == m.people.you {
		return
	}
	if e.Change == client.Renamed {
		m.note(notice, m.Text("chat.renamed", "Was", SafeLine(e.Was), "Name", name))
		return
	}
	last, now := m.journal.last(), m.now()
	if last != nil && last.change == e.Change && now.Sub(last.at) < condenseTime {
		last.people, last.kept = append(last.people, name), nil
		last.text = m.comings(last.change, last.people)
		return
	}
	one := []string{name}
	m.journal.add(&entry{sort: notice, at: now, change: e.Change, people: one, text: m.comings(e.Change, one)}, m.blurred)
}

// comings is the line for those who joined, or left, together.
func (m *model) comings(change client.Change, names []string) string {
	id := "page.joined"
	if change == client.Left {
		id = "page.left"
	}
	return m.Count(id, len(names), "Names", m.names(names))
}

// names lists people: some by name, the others by number.
func (m *model) names(names []string) string {
	all := names
	if len(all) > namesAtOnce {
		all = append(slices.Clone(all[:namesAtOnce-1]), m.Count("page.others", len(names)-namesAtOnce+1))
	}
	if len(all) == 1 {
		return all[0]
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " " + m.Text("chat.and") + " " + all[last]
}
