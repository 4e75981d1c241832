package tui

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"recado"
	"recado/client"
)

const (
	// fillPages and fillPage bound what is loaded of a gap: pages, and messages in each.
	fillPages, fillPage = 10, 200
)

// skipped notes that messages are missing.
func (m *model) skipped(e client.Gap) {
	if e.Reason == "epoch" {
		m.oldest = recado.Position{} // the history is another one
	}
	m.gap = &entry{sort: alarm, at: m.now(), text: gapText(m.Texts, e), missing: e}
	m.gapTold = m.now()
	if m.fillable() {
		m.gap.text += " · Ctrl+O: " + m.Text("states.behind.load")
	}
	m.journal.add(m.gap, m.blurred)
}

// fillable reports that the server may have what is missing.
func (m *model) fillable() bool {
	return m.gap != nil && m.gap.missing.From > 0 && m.gap.missing.Reason != "epoch"
}

// gapBanner says that messages are missing, and what can be done.
func (m *model) gapBanner() string {
	text, way := m.Text("page.gap"), m.Text("states.behind.close")
	if n := m.gap.missing.Missed; n > 0 {
		text = m.Count("states.behind.banner", n)
	}
	if m.fillable() {
		way = m.Text("states.behind.load")
	}
	return text + " · Ctrl+O: " + way
}

// fill loads what the newest gap has left out. If there is nothing to load, the person has seen that.
func (m *model) fill() tea.Cmd {
	gap := m.gap
	if !m.fillable() {
		m.gap = nil
		return nil
	}
	if m.loading || m.phase != client.Connected {
		return nil
	}
	m.loading = true
	return m.ask(func(ctx context.Context, c connection) func(*model) tea.Cmd {
		found, err := missing(ctx, c, gap.missing)
		return func(m *model) tea.Cmd {
			if m.loaded(err) {
				m.filled(gap, found)
			}
			return nil
		}
	})
}

// missing asks for the messages of a gap, from its end on.
func missing(ctx context.Context, c connection, gap client.Gap) (found []client.Message, err error) {
	before := recado.Position{Epoch: gap.Position.Epoch, Seq: gap.To + 1}
	for range fillPages {
		page, err := c.History(ctx, before, fillPage)
		if err != nil {
			return nil, err
		}
		found = slices.Concat(slices.DeleteFunc(page.Messages, func(m client.Message) bool {
			return m.Position.Seq < gap.From || m.Position.Seq > gap.To
		}), found)
		if !page.More || len(page.Messages) == 0 || page.Messages[0].Position.Seq <= gap.From {
			break
		}
		before = page.Messages[0].Position
	}
	return found, nil
}

// filled puts what was found where it was missing, and says what is lost.
func (m *model) filled(gap *entry, found []client.Message) {
	if m.gap == gap {
		m.gap = nil
	}
	at := slices.Index(m.journal.entries, gap)
	if at < 0 {
		return // it has been pruned
	}
	var entries []*entry
	if left := gap.missing.Missed - len(found); left > 0 || gap.missing.Missed == 0 {
		rest := gap.missing
		rest.Missed = max(0, left)
		text := gapText(m.Texts, rest) + ". " + m.Text("page.gap.lost")
		entries = append(entries, &entry{sort: alarm, at: gap.at, text: text})
	}
	for _, message := range found {
		entries = append(entries, m.entry(message))
	}
	m.journal.replace(at, entries)
}
