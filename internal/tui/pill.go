package tui

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"recado/client"
)

// A pill is the state of the connection in two words. The states are those of the page.
type pill struct {
	symbol string
	text   string // with the symbol
	style  lipgloss.Style
}

const connectedSymbol = "●"

func (m *model) pill() pill {
	s := m.styles
	of := func(symbol, word string, style lipgloss.Style) pill {
		text := symbol + " " + word
		if n := m.conn.Waiting(); n > 0 && m.phase != client.Connected {
			text += " · " + m.Count("states.queued", n)
		}
		return pill{symbol, text, style}
	}
	switch {
	case m.refused != nil:
		return of("⊘", m.Text("states.refused"), s.bad)
	case m.offline:
		return of("○", m.Text("states.offline"), s.warn)
	case m.phase == client.Connecting:
		return of("◌", m.Text("states.connecting"), s.faint)
	case m.phase == client.Reconnecting && !m.quiet:
		return of("◍", m.Text("states.reconnecting"), s.warn)
	case m.phase == client.Draining:
		return of("↻", m.Text("states.draining"), s.warn)
	case !m.limited.IsZero():
		return of("⏳", m.Text("states.limited"), s.warn)
	case m.gap != nil:
		return of("◐", m.Text("states.behind"), s.warn)
	}
	word := m.Text("states.connected")
	if m.trip > 0 {
		word += " · " + strconv.FormatInt(m.trip.Milliseconds(), 10) + " ms"
	}
	return of(connectedSymbol, word, s.good)
}

// status is the row for a state other than connected, or "".
func (m *model) status() string {
	text, style := "", m.styles.warn
	symbol := m.pill().symbol
	switch {
	case m.refused != nil:
		text, style = m.Text("states.refused.title")+" · Ctrl+R: "+m.Text("states.refused.retry"), m.styles.bad
	case m.offline && m.conn.Waiting() > 0:
		text = m.Count("states.offline.queued", m.conn.Waiting()) + " " + m.Text("chat.queue.show")
	case m.offline:
		text = m.Text("states.offline.banner")
	case m.phase == client.Connecting && m.now().Sub(m.since) >= patience:
		text, style = m.Text("states.connecting.banner", "Address", SafeLine(m.conn.URL())), m.styles.faint
	case m.phase == client.Reconnecting && !m.quiet:
		text = m.Text("states.reconnecting.banner")
		if left := m.retryAt.Sub(m.now()); !m.retryAt.IsZero() {
			text = m.Text("states.reconnecting.wait", "Seconds", seconds(left))
		}
		text += " · Ctrl+R: " + m.Text("states.reconnecting.try")
	case m.phase == client.Draining:
		text = m.Text("states.draining.banner")
	case !m.limited.IsZero():
		text = m.Text("states.limited.banner", "Seconds", seconds(m.limited.Sub(m.now())))
	case !m.recovery.until.IsZero():
		text, style, symbol = m.recovered(), m.styles.good, connectedSymbol
	case m.gap != nil:
		text = m.gapBanner()
	}
	if text == "" {
		return ""
	}
	text = " " + symbol + " " + text
	if n := m.conn.Waiting(); n > 0 && m.phase != client.Connected && !m.offline {
		if queued := " · " + m.Count("states.queued", n); ansi.StringWidth(text+queued) <= m.width {
			text += queued // else the pill has it
		}
	}
	return style.Render(ansi.Truncate(text, m.width, "…"))
}

// recovered says what an outage had held up.
func (m *model) recovered() string {
	var counts []string
	if n := m.recovery.sent; n > 0 {
		counts = append(counts, m.Count("states.sent", n))
	}
	if n := m.recovery.received; n > 0 {
		counts = append(counts, m.Count("states.received", n))
	}
	text := m.Text("states.reconnected")
	if len(counts) > 0 {
		text += " · " + strings.Join(counts, ", ")
	}
	return text
}

func seconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }

// me is our own name, as far as it is known.
func (m *model) me() string {
	if name := SafeLine(m.conn.You().Name); name != "" {
		return name
	}
	return m.Text("chat.screen.you")
}

// roomURL is the address of a connection's room, without what is secret in it.
func roomURL(c connection) *url.URL {
	u, err := url.Parse(c.URL())
	if err != nil {
		return &url.URL{}
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u
}

// roomName is what the room is called.
func roomName(c connection) string {
	name := strings.Trim(roomURL(c).Path, "/")
	if name == "" {
		return "lobby"
	}
	return SafeLine(name)
}

// roomLink is the address at which the page has the room.
func roomLink(c connection) string {
	u := roomURL(c)
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	return SafeLine(u.String())
}

func (m *model) room() string { return roomName(m.conn) }

func (m *model) link() string { return roomLink(m.conn) }

// server is where the room is.
func (m *model) server() string {
	u := roomURL(m.conn)
	return SafeLine(u.Scheme + "://" + u.Host)
}

// isLoopback reports that only this machine can follow the link.
func isLoopback(link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
}

// day is what a day is called.
func (m *model) day(t time.Time) string {
	now := m.now()
	months := strings.Fields(m.Text("chat.screen.months"))
	date := t.Format("2 ") + months[t.Month()-1]
	switch {
	case sameDay(t, now):
		return m.Text("page.today", "Date", date)
	case sameDay(t, now.AddDate(0, 0, -1)):
		return m.Text("page.yesterday", "Date", date)
	case t.Year() != now.Year():
		return date + t.Format(" 2006")
	}
	return date
}

// unreadRow is the line above what came while nobody looked.
func (m *model) unreadRow(n, width int) string {
	return centered(" "+m.Count("page.new", n)+" ", width, "─", m.styles.accent.Render)
}

// peopleRows are those who are here, and who has just left: at most so many rows.
func (m *model) peopleRows(width, height int) []string {
	s := m.styles
	if m.people.count == 0 { // nobody has told yet
		return nil
	}
	rows := []string{" " + s.strong.Render(m.Text("page.people", "Count", m.people.count))}
	for i, member := range m.people.members {
		if len(rows) == height-1 && i < len(m.people.members)-1 {
			return append(rows, s.faint.Render(" + "+m.Count("page.others", len(m.people.members)-i)))
		}
		end := ""
		if member.ID == m.people.you {
			end = " *"
		} else if _, types := m.people.typing[member.ID]; types {
			end = " …"
		}
		name := ansi.Truncate(m.people.label(member), max(1, width-3-ansi.StringWidth(end)), "…")
		rows = append(rows, " "+s.good.Render("●")+" "+s.person(SafeLine(member.Name)).Render(name)+s.faint.Render(end))
	}
	var gone []string
	for _, d := range m.people.departed {
		gone = append(gone, d.label)
	}
	slices.Sort(gone)
	for _, name := range gone {
		rows = append(rows, s.faint.Render(" ○ "+ansi.Truncate(name, max(1, width-3), "…")))
	}
	return rows[:min(len(rows), max(0, height))]
}
