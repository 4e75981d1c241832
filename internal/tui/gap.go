package tui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

const (
	// fillPages and fillPage bound what is loaded of a gap: pages, and messages in each.
	fillPages, fillPage = 10, 200
	// anotherHistory is the reason of a gap behind which no message of before it can be asked for.
	anotherHistory = "epoch"
)

// skipped notes that messages are missing.
func (m *model) skipped(e client.Gap) {
	m.gap = gapEntry(m.Texts, e, m.now())
	m.gapTold = m.now()
	if m.gap.fillable() {
		m.gap.text += " · Ctrl+O: " + m.Text("states.behind.load")
	}
	m.journal.add(m.gap, m.blurred)
}

func gapEntry(t *locale.Texts, e client.Gap, now time.Time) *entry {
	return &entry{sort: alarm, at: now, text: gapText(t, e), missing: e}
}

// fillable reports that the server may have what is missing. No entry is not.
func (e *entry) fillable() bool {
	return e != nil && e.missing.From > 0 && e.missing.Reason != anotherHistory
}

// gapBanner says that messages are missing, and what can be done.
func (m *model) gapBanner() string {
	text, way := m.Text("page.gap"), m.Text("states.behind.close")
	if n := m.gap.missing.Missed; n > 0 {
		text = m.Count("states.behind.banner", n)
	}
	if m.gap.fillable() {
		way = m.Text("states.behind.load")
	}
	return text + " · Ctrl+O: " + way
}

// fill loads what the newest gap has left out. If there is nothing to load, the person has seen that.
func (m *model) fill() tea.Cmd {
	gap := m.gap
	if !gap.fillable() {
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
				if m.gap == gap {
					m.gap = nil
				}
				m.journal.fill(gap, gap.filling(m.Texts, found, m.entry))
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

// filling is what comes into the place of a gap: what was found, below a notice of what is lost.
func (e *entry) filling(t *locale.Texts, found []client.Message, entry func(client.Message) *entry) (filling []*entry) {
	if left := e.missing.Missed - len(found); left > 0 || e.missing.Missed == 0 {
		rest := e.missing
		rest.Missed = max(0, left)
		lost := gapEntry(t, rest, e.at)
		lost.text += ". " + t.Text("page.gap.lost")
		lost.missing = client.Gap{}
		filling = append(filling, lost)
	}
	for _, m := range found {
		filling = append(filling, entry(m))
	}
	return filling
}
