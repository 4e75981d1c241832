package tui

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"recado"
	"recado/client"
)

// What the orders do in line mode.

func (t *talk) help(string) {
	lines := strings.Split(t.Text("chat.help"), "\n")
	width := 0
	for _, o := range orders() {
		width = max(width, ansi.StringWidth(o.usage(t.Texts)))
	}
	for _, o := range orders() {
		_, text := o.help(t.Texts)
		lines = append(lines, padded(o.usage(t.Texts), width+2)+text)
	}
	t.status(append(lines, padded("//", width+2)+t.Text("page.command.slash"))...)
}

func (t *talk) rename(name string) {
	t.ask(func(ctx context.Context, c connection) func() {
		err := c.Rename(ctx, name)
		return func() {
			switch {
			case errors.Is(err, recado.ErrName):
				t.status(problem(t.Texts, c, err))
			case err != nil:
				t.status(t.Text("chat.unanswered", "Cause", SafeLine(err.Error())))
			default:
				t.people.set(c)
				t.status(t.Text("chat.name", "Name", t.name()))
			}
		}
	})
}

// goTo enters another room, and leaves this one.
func (t *talk) goTo(room string) {
	address, token, err := t.find(t.client.URL(), room)
	if err != nil {
		t.status(t.Text("page.rooms.invalid"))
		return
	}
	next, err := t.world.enter(address, t.client.You().Name, token)
	if err != nil {
		t.status(t.Text("page.rooms.invalid"))
		return
	}
	old := t.client
	t.aside(func() { t.leave(old) })
	t.begin(next)
	t.status(t.Text("chat.connecting", "Address", SafeLine(next.URL())))
}

// begin makes everything new that belongs to a room.
func (t *talk) begin(conn connection) {
	t.client, t.phase, t.people = conn, client.Connecting, people{}
	t.journal = newJournal(newStyles(unknownBackground), t.now)
	t.lost, t.gap = losses{}, nil
	t.begun, t.told, t.trouble, t.quiet, t.offline = false, false, false, false, false
}

func (t *talk) who(string) { t.status(t.people.list(t.Texts)) }

func (t *talk) act(text string) {
	if text == "" {
		t.status(t.Text("page.command.me"))
		return
	}
	t.send(client.Outgoing{Text: text, Event: actionEvent})
}

// earlier shows what was skipped, or else messages of before those that were shown.
func (t *talk) earlier(number string) {
	if t.gap != nil {
		t.fill()
		return
	}
	n, err := strconv.Atoi(number)
	if err != nil || n <= 0 {
		n = recent
	}
	before := t.journal.oldest()
	t.ask(func(ctx context.Context, c connection) func() {
		page, err := c.History(ctx, before, n)
		return func() {
			switch {
			case err != nil:
				t.status(t.Text("chat.unanswered", "Cause", SafeLine(err.Error())))
			case len(page.Messages) == 0:
				t.status(t.Text("chat.no_earlier"))
			default:
				t.page(page)
			}
		}
	})
}

// fill shows what the newest gap has left out.
func (t *talk) fill() {
	gap := t.gap
	t.gap = nil
	t.ask(func(ctx context.Context, c connection) func() {
		found, err := missing(ctx, c, gap.missing)
		return func() {
			if err != nil {
				t.gap = cmp.Or(t.gap, gap)
				t.status(t.Text("chat.unanswered", "Cause", SafeLine(err.Error())))
				return
			}
			filling := gap.filling(t.Texts, found, t.entry)
			t.journal.fill(gap, filling)
			t.showAll(filling)
		}
	})
}

func (t *talk) export(to string) {
	e := newExport(roomName(t.client), roomLink(t.client), t.journal)
	name, format := e.file(to, t.now())
	if format == "" {
		t.status(t.Text("page.problem.format"))
		return
	}
	t.status(e.outcome(t.Texts, name, t.write(name, e.text(format))))
}

func (t *talk) wipe(string) {
	t.draw()
	t.journal.clear()
	t.screen.clear(t.prompt(), &t.editor) //nolint:errcheck // a terminal that is gone is noticed by reading
}

func (t *talk) qr(string) {
	link := roomLink(t.client)
	t.show(t.code(link))
	lines := []string{link}
	if isLoopback(link) {
		lines = append(lines, t.Text("page.empty.loopback", "Command", "recado serve --lan"))
	}
	t.status(lines...)
}

func (t *talk) queue(what string) {
	switch {
	case discards(what):
		t.status(discard(t.Texts, t.client, t.journal))
	case retries(what):
		for _, e := range t.journal.failed() {
			if !t.send(e.again) {
				break
			}
			t.journal.forget(e)
		}
	default:
		t.status(queueRows(t.Texts, t.client, t.journal)...)
	}
}

func (t *talk) quit(string) { t.left = true }
