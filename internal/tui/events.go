package tui

import (
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

// typingEvent is what clients call the sign that somebody is typing.
const typingEvent = "typing"

// actionEvent is what they call a message of /me.
const actionEvent = "me"

// An eventsMsg is what a connection has brought since the last one.
type eventsMsg struct {
	from   connection
	events []client.Event
	ended  bool
}

// eventsAtOnce and gathering bound what is taken in before the screen and the keys have their turn.
const (
	eventsAtOnce = 4096
	gathering    = 8 * time.Millisecond
)

// listen waits for events, and takes those that are at hand. When they come fast it waits a little for more: a
// flood is drawn seldom, not slowly, and the server does not take us for a slow reader.
func listen(from connection) tea.Cmd {
	return func() tea.Msg {
		msg := eventsMsg{from: from}
		var enough <-chan time.Time
		e, open := <-from.Events()
		for open {
			msg.events = append(msg.events, e)
			switch len(msg.events) {
			case eventsAtOnce:
				return msg
			case 2:
				enough = time.After(gathering)
			}
			if enough == nil {
				select {
				case e, open = <-from.Events():
				default:
					return msg
				}
				continue
			}
			select {
			case e, open = <-from.Events():
			case <-enough:
				return msg
			}
		}
		msg.ended = true
		return msg
	}
}

// hear takes in what the connection has brought.
func (m *model) hear(msg eventsMsg) tea.Cmd {
	if msg.from != m.conn {
		return nil
	}
	members := false
	for _, e := range msg.events {
		switch e.(type) {
		case client.Presence, client.Count, client.State:
			members = true
		}
	}
	if members {
		m.people.set(m.conn)
	}
	for _, e := range msg.events {
		m.take(e)
	}
	if msg.ended {
		if m.refused == nil {
			return tea.Quit
		}
		return nil
	}
	if m.end != nil {
		return tea.Quit
	}
	return listen(m.conn)
}

func (m *model) take(e client.Event) {
	switch e := e.(type) {
	case client.Message:
		m.message(e)
	case client.Ack:
		m.acknowledge(e)
	case client.Lost:
		m.journal.settle(e.ID, lost)
		if text := m.lost.add(m.Texts, e); text != "" {
			m.note(alarm, text)
		}
	case client.Page:
		for _, message := range e.Messages {
			m.journal.add(m.entry(message), false)
		}
	case client.Gap:
		m.skipped(e)
	case client.Presence:
		m.presence(e)
	case *client.ServerError:
		m.fault(e)
	case client.State:
		m.state(e)
	}
}

func (m *model) message(e client.Message) {
	if e.Ephemeral {
		if e.Event == typingEvent && e.From.ID != m.conn.You().ID {
			m.people.types(e.From, m.now())
		}
		return
	}
	delete(m.people.typing, e.From.ID)
	m.journal.add(m.entry(e), m.blurred)
	if !m.recovery.until.IsZero() {
		m.recovery.received++
	}
}

// entry is a message as the journal has it.
func (m *model) entry(e client.Message) *entry {
	return heardEntry(m.Texts, e, m.people.label(e.From), m.conn.You().ID)
}

func (m *model) acknowledge(e client.Ack) {
	entry, found := m.journal.settle(e.ID, sent)
	if !found {
		return
	}
	entry.position, entry.again = e.Position, client.Outgoing{}
	if entry.offline {
		m.recovery.sent++
		return
	}
	m.trip = max(m.now().Sub(entry.at), time.Millisecond)
}

func (m *model) fault(e *client.ServerError) {
	if isExcess(e) {
		m.limited = m.now().Add(max(e.RetryAfter, time.Second))
		return
	}
	m.note(alarm, m.Text("chat.fault", "Message", SafeLine(e.Message), "Code", SafeLine(e.Code)))
}

func (m *model) state(s client.State) {
	m.phase, m.since, m.retryAt, m.offline = s.Phase, m.now(), time.Time{}, false
	switch s.Phase {
	case client.Connected:
		if m.begun && !m.quiet {
			m.recovery = recovery{until: m.now().Add(recoveryTime)}
		}
		m.begun, m.trouble, m.quiet, m.refused = true, false, false, nil
	case client.Draining:
		m.trouble = true // that the connection will end is told now
	case client.Reconnecting:
		m.reconnecting(s)
	case client.Refused:
		m.refused = s.Err
		m.panel = panel{}
	}
}

func (m *model) reconnecting(s client.State) {
	clear(m.people.typing)
	if !m.begun && !m.moved && IsTLS(s.Err) {
		m.end = &UnreachableError{Err: s.Err}
		return
	}
	m.quiet = passing(s)
	m.trip = 0
	m.watchNetwork()
	for _, e := range m.journal.outbox {
		e.offline = true
	}
	if s.Wait >= longWait {
		m.retryAt = m.now().Add(s.Wait)
	}
	if m.quiet || m.trouble {
		return
	}
	m.trouble = true
	if m.offline {
		return // which the banner says
	}
	id, facts := Problem(s.Err, m.conn.URL())
	text := m.Text("error."+id, facts...)
	if hint := m.Text("error."+id+".hint", facts...); !m.begun && hint != "" {
		text += " " + hint
	}
	m.note(alarm, text)
}

// problem says what is wrong with what a person asked for.
func problem(t *locale.Texts, conn connection, err error) string {
	switch {
	case errors.Is(err, client.ErrOutboxFull):
		return t.Text("chat.outbox_full")
	case errors.Is(err, client.ErrTooBig):
		return t.Text("chat.too_big", "Limit", conn.Limits().MessageBytes)
	case errors.Is(err, recado.ErrName):
		return t.Text("chat.name_invalid", "Limit", recado.MaxName)
	}
	return t.Text("chat.unsendable", "Cause", SafeLine(err.Error()))
}
