package tui

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"recado/client"
	"recado/internal/locale"
)

// A talk is a chat in line mode under way. One goroutine does everything in it but to wait for answers.
type talk struct {
	*locale.Texts
	world

	client  connection
	people  people
	journal *journal // what /export and /queue speak of
	screen  *screen
	lines   strings.Builder // to show above the prompt
	stale   bool            // there are some, or the prompt has changed
	editor  editor
	color   bool

	// ask waits for an answer of the server's while everything else goes on. What the question returns is done
	// with the answer.
	ask     func(question func(ctx context.Context, c connection) (answer func()))
	answers chan func()
	aside   func(func()) // does something meanwhile; the end waits for it

	phase   client.Phase
	lost    losses
	excess  excess
	gap     *entry // that can be filled; nil: there is none
	begun   bool   // there has been a connection
	told    bool   // that this outage takes long
	trouble bool   // that there is an outage
	offline bool   // there is no network
	quiet   bool   // this outage is not worth a word
	warned  bool   // the key before this one was Ctrl+C
	full    bool   // the key before this one did not fit
	left    bool   // the person wants to go
	end     error
}

func (t *talk) run(ctx context.Context, typed <-chan []byte, sizes <-chan os.Signal, keys *decoder) error {
	t.show("")
	slow := time.NewTimer(patience)
	defer slow.Stop()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for !t.left {
		t.draw()
		select {
		case e, open := <-t.client.Events():
			if !open {
				return errors.Join(t.end, ctx.Err())
			}
			t.take(e)
			for range len(t.client.Events()) { // a flood is written seldom, and read in time
				t.take(<-t.client.Events())
			}
		case answer := <-t.answers:
			answer()
		case data, open := <-typed:
			if !open {
				t.left = true
				break
			}
			keys.decode(data, t.press)
			t.show("")
		case <-sizes:
			t.show("")
		case <-slow.C:
			if t.phase == client.Connecting {
				t.status(t.Text("chat.connecting", "Address", t.client.URL()))
			}
		case <-second.C:
			if t.offline {
				t.watchNetwork()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.draw()
	unsent := t.client.Waiting()
	if t.phase == client.Connected || t.phase == client.Draining {
		unsent = t.leave(t.client)
	}
	if unsent > 0 {
		t.status(t.Count("chat.unsent", unsent))
		t.draw()
	}
	return t.end
}

// take shows what happened.
func (t *talk) take(e client.Event) {
	switch e := e.(type) {
	case client.Lost:
		t.journal.settle(e.ID, lost)
		if text := t.lost.add(t.Texts, e); text != "" {
			t.status(text)
		}
	case client.Message:
		if !e.Ephemeral {
			entry := t.entry(e)
			t.journal.add(entry, false)
			t.show(t.line(entry))
		}
	case client.Ack:
		if entry, found := t.journal.settle(e.ID, sent); found {
			entry.position, entry.again = e.Position, client.Outgoing{}
		}
	case client.Page:
		t.page(e)
	case client.Gap:
		t.skipped(e)
	case client.Presence:
		if e.Change != client.Left { // who leaves still has the name that is told of
			t.people.set(t.client)
		}
		t.presence(e)
		t.people.set(t.client)
	case client.Count:
		t.people.set(t.client)
	case *client.ServerError:
		if text := t.excess.faultText(t.Texts, e, t.now()); text != "" {
			t.status(text)
		}
	case client.State:
		t.state(e)
	}
}

func (t *talk) state(s client.State) {
	t.phase = s.Phase
	t.offline = t.offline && s.Phase == client.Reconnecting
	switch s.Phase {
	case client.Connected:
		t.people.set(t.client)
		t.connected()
	case client.Draining:
		t.trouble = true // that the connection will end is told now
		t.status(t.Text("chat.draining"))
	case client.Reconnecting:
		t.reconnecting(s)
	case client.Refused:
		t.end = s.Err
	}
}

func (t *talk) connected() {
	if t.quiet {
		t.quiet = false
		return
	}
	text := t.Text("chat.connected", "Address", t.client.URL(), "Name", t.name())
	if t.begun {
		text = t.Text("chat.reconnected")
	}
	if n := t.client.Waiting(); n > 0 {
		text += " · " + t.Count("chat.sending", n)
	}
	t.begun, t.trouble, t.told = true, false, false
	t.status(text)
}

func (t *talk) reconnecting(s client.State) {
	if !t.begun && IsTLS(s.Err) {
		t.end, t.left = &UnreachableError{Err: s.Err}, true
		return
	}
	if t.quiet = passing(s); t.quiet {
		return
	}
	if t.watchNetwork(); t.offline {
		t.trouble = true
		return // which has been told
	}
	var lines []string
	if !t.trouble {
		id, facts := Problem(s.Err, t.client.URL())
		lines = append(lines, t.Text("error."+id, facts...))
		if hint := t.Text("error."+id+".hint", facts...); !t.begun && hint != "" {
			lines = append(lines, hint)
		}
	}
	t.trouble = true
	if !t.told && s.Wait >= longWait {
		lines = append(lines, t.Text("chat.retrying", "Seconds", int(s.Wait.Round(time.Second).Seconds())))
		t.told = true
	}
	t.status(lines...)
}

// watchNetwork tells when there is no network. As soon as there is one again, a connection is tried.
func (t *talk) watchNetwork() {
	was := t.offline
	t.offline = t.cutOff(t.phase, t.client)
	switch {
	case t.offline && !was:
		t.status(t.Text("states.offline.banner"))
	case was && !t.offline:
		t.client.Retry()
	}
}

// presence tells who comes and goes, unless there are too many of them.
func (t *talk) presence(p client.Presence) {
	if t.client.Count() > crowd || p.Member.ID == t.client.You().ID {
		return
	}
	name := t.people.label(p.Member)
	switch p.Change {
	case client.Joined:
		t.status(t.Text("chat.joined", "Name", name))
	case client.Left:
		t.status(t.Text("chat.left", "Name", name))
	case client.Renamed:
		t.status(t.Text("chat.renamed", "Was", SafeLine(p.Was), "Name", name))
	}
}

// page shows a part of the history.
func (t *talk) page(p client.Page) {
	var earlier []*entry
	for _, m := range p.Messages {
		earlier = append(earlier, t.entry(m))
	}
	t.journal.prepend(earlier)
	t.showAll(earlier)
}

// skipped tells that messages are missing. What the server still has of them is the next that /history shows.
func (t *talk) skipped(e client.Gap) {
	gap := gapEntry(t.Texts, e, t.now())
	t.journal.add(gap, false)
	t.gap = nil
	if gap.fillable() {
		t.gap = gap
		gap.text += " · " + t.Text("chat.gap.load")
	}
	t.status(gap.text)
}

// entry is a message as the journal has it.
func (t *talk) entry(m client.Message) *entry {
	return heardEntry(t.Texts, m, t.people.label(m.From), t.client.You().ID)
}

// line is an entry as it is shown.
func (t *talk) line(e *entry) string {
	if !e.isMessage() {
		return t.dim("· "+e.text) + "\n"
	}
	format := "15:04"
	if !sameDay(e.at, t.now()) {
		format = "2006-01-02 15:04"
	}
	clock, who := "["+e.at.Format(format)+"]", e.label+": "
	if e.sort == action {
		who = "* " + e.label + " "
	}
	indent := "\n" + strings.Repeat(" ", len(clock)+1) // so that no line of a message looks like another message
	return t.dim(clock) + " " + who + strings.ReplaceAll(e.text, "\n", indent) + "\n"
}

// name is our own; empty before there is one.
func (t *talk) name() string { return SafeLine(t.client.You().Name) }

// status shows lines about the chat itself.
func (t *talk) status(lines ...string) {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(t.dim("· "+line) + "\n")
	}
	t.show(b.String())
}

func (t *talk) dim(s string) string {
	if !t.color {
		return s
	}
	return "\x1b[2m" + s + "\x1b[22m"
}

func (t *talk) showAll(entries []*entry) {
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(t.line(e))
	}
	t.show(b.String())
}

// show puts lines above the prompt, when the screen is drawn next.
func (t *talk) show(lines string) {
	t.lines.WriteString(lines)
	t.stale = true
}

// draw prints what is new. A terminal that is gone is noticed by reading from it.
func (t *talk) draw() {
	if t.stale {
		t.screen.print(t.lines.String(), t.prompt(), &t.editor) //nolint:errcheck // see above
		t.lines.Reset()
		t.stale = false
	}
}

func (t *talk) prompt() string {
	if t.phase != client.Reconnecting || t.quiet {
		return t.name() + "> "
	}
	if n := t.client.Waiting(); n > 0 {
		return t.Count("chat.prompt.queued", n) + "> "
	}
	return t.Text("chat.prompt") + "> "
}
