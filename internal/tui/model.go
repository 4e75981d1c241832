package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

// A connection is what a model needs of a *client.Client.
type connection interface {
	Count() int
	Discard(id string) bool
	Events() <-chan client.Event
	History(ctx context.Context, before recado.Position, limit int) (client.Page, error)
	Limits() client.Limits
	Members() []client.Member
	Rename(ctx context.Context, name string) error
	Retry()
	TrySend(o client.Outgoing) (id string, err error)
	URL() string
	Waiting() int
	You() client.Member
}

// A world is what a model may do besides what its connection does.
type world struct {
	now    func() time.Time
	online func() bool                                                    // there is a network
	enter  func(address, name, token string) (connection, error)          // begins to join a room
	leave  func(connection) (unsent int)                                  // ends that, after what was sent has arrived
	find   func(current, given string) (address, token string, err error) // what a person calls a room
	code   func(text string) string                                       // a QR code, in rows
	write  func(name, text string) error                                  // makes a new file
}

// A model is a full-screen chat: what it knows, and how it changes. It waits for nothing, and does not know the
// terminal: what happens comes to Update, and View says what the screen shows.
type model struct {
	*locale.Texts
	world

	conn   connection
	styles *styles

	width, height int
	editor        editor
	completion    completion
	journal       *journal
	people        people
	panel         panel
	hidden        bool // the column of the people, by F2
	blurred       bool // the terminal says that nobody looks at it
	ticking       bool
	warned        bool      // the key before this one was Ctrl+C
	said          time.Time // when we last told that we are typing

	phase    client.Phase
	moved    bool          // this is not the room that the chat began in
	begun    bool          // there has been a connection to this room
	since    time.Time     // of the phase
	trouble  bool          // that there is an outage has been told
	quiet    bool          // this outage is not worth a word
	retryAt  time.Time     // of the next attempt; zero: it is soon
	trip     time.Duration // how long the last message took to be in the room; 0: not known
	recovery recovery
	limited  time.Time // until then we are too fast
	offline  bool      // there is no network, as of checked
	checked  time.Time
	gap      *entry    // that nobody has dealt with; nil: there is none
	gapTold  time.Time // since then
	flash    flash
	lost     losses
	loading  bool // earlier messages are on their way

	refused error // the server does not want us
	end     error // what Run returns
}

// A flash is a short word to the person, for a while.
type flash struct {
	text  string
	until time.Time
}

// A recovery counts what an outage had held up.
type recovery struct {
	until          time.Time
	sent, received int
}

const (
	flashTime    = 4 * time.Second
	recoveryTime = 3 * time.Second
	behindTime   = 10 * time.Second // for a gap that cannot be loaded
	checkTime    = time.Second      // how often to look for a network
	tickTime     = 250 * time.Millisecond
)

// newModel is a chat that conn has begun.
func newModel(texts *locale.Texts, w world, conn connection) *model {
	m := &model{Texts: texts, world: w, styles: newStyles(unknownBackground), width: 80, height: 24}
	m.people.departed = map[recado.MemberID]departure{}
	m.people.typing = map[recado.MemberID]typist{}
	m.begin(conn)
	return m
}

// Init asks for what comes first.
func (m *model) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, listen(m.conn), m.tick())
}

// Update takes in what happened.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var do tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.paint(msg.IsDark())
	case tea.FocusMsg:
		m.blurred = false
	case tea.BlurMsg:
		m.blurred = true
	case tea.KeyPressMsg:
		do = m.press(msg)
	case tea.PasteMsg:
		do = m.paste(msg.Content)
	case tea.MouseWheelMsg:
		m.wheel(msg)
	case eventsMsg:
		do = m.hear(msg)
	case answerMsg:
		if msg.from == m.conn {
			do = msg.take(m)
		}
	case tickMsg:
		m.ticking = false
		m.pass()
	}
	if m.journal.following && !m.blurred {
		m.journal.looked()
	}
	return m, tea.Batch(do, m.tick())
}

// begin makes everything new that belongs to a room.
func (m *model) begin(conn connection) {
	m.conn = conn
	m.journal = newJournal(m.styles, m.now)
	m.journal.day, m.journal.unread = m.day, m.unreadRow
	m.people = people{departed: map[recado.MemberID]departure{}, typing: map[recado.MemberID]typist{}}
	m.phase, m.since = client.Connecting, m.now()
	m.begun, m.trouble, m.quiet, m.loading = false, false, false, false
	m.retryAt, m.limited, m.said = time.Time{}, time.Time{}, time.Time{}
	m.recovery, m.gap, m.lost, m.offline = recovery{}, nil, losses{}, false
	m.refused, m.trip = nil, 0
}

// paint is for when the terminal has told its background.
func (m *model) paint(dark bool) {
	b := lightBackground
	if dark {
		b = darkBackground
	}
	m.styles = newStyles(b)
	m.journal.styles = m.styles
	m.journal.redraw()
}

// A tickMsg comes while something on the screen changes by itself.
type tickMsg struct{}

// tick asks for the next tickMsg, if one is needed and not yet on its way.
func (m *model) tick() tea.Cmd {
	if m.ticking || !m.passing() {
		return nil
	}
	m.ticking = true
	return tea.Tick(tickTime, func(time.Time) tea.Msg { return tickMsg{} })
}

// passing reports that something on the screen will change by itself.
func (m *model) passing() bool {
	return m.phase == client.Connecting || m.phase == client.Reconnecting || !m.retryAt.IsZero() || m.flash.text != "" || !m.recovery.until.IsZero() ||
		!m.limited.IsZero() || m.gap != nil && !m.gap.fillable() || len(m.people.typing) > 0 || len(m.people.departed) > 0
}

// pass ends what has had its time.
func (m *model) pass() {
	now := m.now()
	over := func(t time.Time) bool { return !t.IsZero() && now.After(t) }
	if over(m.flash.until) {
		m.flash = flash{}
	}
	if over(m.recovery.until) {
		m.recovery = recovery{}
	}
	if over(m.limited) {
		m.limited = time.Time{}
	}
	if m.gap != nil && !m.gap.fillable() && now.Sub(m.gapTold) > behindTime {
		m.gap = nil
	}
	if now.Sub(m.checked) >= checkTime {
		m.watchNetwork()
	}
	if over(m.retryAt) {
		m.retryAt = time.Time{}
	}
	m.people.pass(now)
}

// watchNetwork finds out whether there can be a connection at all. As soon as there can, one is tried.
func (m *model) watchNetwork() {
	was := m.offline
	m.offline = m.cutOff(m.phase, m.conn)
	m.checked = m.now()
	if was && !m.offline {
		m.conn.Retry()
	}
}

// tell shows a short word for a while.
func (m *model) tell(text string) { m.flash = flash{text, m.now().Add(flashTime)} }

// note puts a notice into the journal.
func (m *model) note(s sort, text string) {
	m.journal.add(&entry{sort: s, at: m.now(), text: text}, m.blurred)
}

// reply is a notice that the person has asked for: wherever they look, they look at it.
func (m *model) reply(s sort, text string) {
	m.note(s, text)
	m.journal.end()
}

// An answerMsg is what a question has brought. It is of no interest once another room has been entered.
type answerMsg struct {
	from connection
	take func(m *model) tea.Cmd
}

// askTime bounds the wait for an answer.
const askTime = time.Minute

// ask puts a question to the server.
func (m *model) ask(question func(ctx context.Context, c connection) func(m *model) tea.Cmd) tea.Cmd {
	conn := m.conn
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), askTime)
		defer cancel()
		return answerMsg{conn, question(ctx, conn)}
	}
}
