package tui

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

// A stage is a model with a connection that the test speaks for, and a clock that it sets.
type stage struct {
	t     *testing.T
	model *model
	conn  *fakeConnection
	now   time.Time
	seq   uint64
	files map[string]string
	left  []connection
	quit  bool
	token string // that a room was last entered with

	offline bool
}

// A fakeConnection remembers what the model does with it.
type fakeConnection struct {
	url     string
	you     client.Member
	members []client.Member
	sent    []client.Outgoing
	waiting int
	retries int
	earlier client.Page
	before  recado.Position
	err     error // of TrySend

	discarded []string
	carried   bool // what was sent cannot be called back
}

func (c *fakeConnection) Count() int { return len(c.members) }
func (c *fakeConnection) Discard(id string) bool {
	if slices.Contains(c.discarded, id) || c.carried {
		return false
	}
	c.discarded = append(c.discarded, id)
	c.waiting--
	return true
}

func (c *fakeConnection) Limits() client.Limits    { return client.Limits{MessageBytes: 100} }
func (c *fakeConnection) Members() []client.Member { return append([]client.Member(nil), c.members...) }
func (c *fakeConnection) Retry()                   { c.retries++ }
func (c *fakeConnection) URL() string              { return c.url }
func (c *fakeConnection) Waiting() int             { return c.waiting }
func (c *fakeConnection) You() client.Member       { return c.you }

// Events has ended: the test hands the events over itself.
func (c *fakeConnection) Events() <-chan client.Event {
	ended := make(chan client.Event)
	close(ended)
	return ended
}

func (c *fakeConnection) History(_ context.Context, before recado.Position, _ int) (client.Page, error) {
	c.before = before
	return c.earlier, nil
}

func (c *fakeConnection) Rename(_ context.Context, name string) error {
	c.you.Name = name
	return nil
}

func (c *fakeConnection) TrySend(o client.Outgoing) (string, error) {
	if c.err != nil {
		return "", c.err
	}
	c.sent = append(c.sent, o)
	if !o.Ephemeral {
		c.waiting++
	}
	return fmt.Sprintf("c%d", len(c.sent)), nil
}

func person(name string) client.Member {
	return client.Member{ID: recado.NewMemberID([]byte(name)), Name: name}
}

// newStage is a chat in #ops with ana, who is us, and beto; it is connected.
func newStage(tb testing.TB, l locale.Language) *stage {
	tb.Helper()
	s := &stage{now: time.Date(2026, 11, 22, 21, 14, 0, 0, time.Local), files: map[string]string{}}
	s.t, _ = tb.(*testing.T)
	ana := person("ana")
	s.conn = &fakeConnection{url: "ws://localhost:8765/ops?token=secret", you: ana, members: []client.Member{ana, person("beto")}}
	s.model = newModel(locale.New(l), world{
		now:    func() time.Time { return s.now },
		online: func() bool { return !s.offline },
		enter: func(address, name, token string) (connection, error) {
			you := person(name)
			s.token = token
			s.conn = &fakeConnection{url: address, you: you, members: []client.Member{you}}
			return s.conn, nil
		},
		leave: func(c connection) int {
			s.left = append(s.left, c)
			return 0
		},
		find: func(_, given string) (string, string, error) {
			if given == "" {
				return "", "", client.ErrURL
			}
			return "ws://localhost:8765/" + given, "", nil
		},
		code: func(text string) string { return "<QR of " + text + ">\n" },
		write: func(name, text string) error {
			s.files[name] = text
			return nil
		},
	}, s.conn)
	s.model.ticking = true // time goes by when the test says so
	s.resize(80, 20)
	s.events(client.State{Phase: client.Connected})
	return s
}

// do takes a message in, and what follows from it.
func (s *stage) do(msg tea.Msg) {
	_, cmd := s.model.Update(msg)
	s.follow(cmd)
}

func (s *stage) follow(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, cmd := range msg {
			s.follow(cmd)
		}
	case tea.QuitMsg:
		s.quit = true
	case answerMsg:
		s.do(msg)
	}
}

func (s *stage) resize(width, height int) { s.do(tea.WindowSizeMsg{Width: width, Height: height}) }

// events come from the connection.
func (s *stage) events(events ...client.Event) {
	s.model.Update(eventsMsg{from: s.conn, events: events})
}

// says is for beto.
func (s *stage) says(text string) {
	s.seq++
	s.events(client.Message{
		From: person("beto"), Time: s.now, Data: []byte(text), Position: recado.Position{Epoch: "k", Seq: s.seq},
	})
}

// sgr is what colours a text.
var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

var special = map[string]tea.Key{
	"enter": {Code: tea.KeyEnter}, "tab": {Code: tea.KeyTab}, "esc": {Code: tea.KeyEscape}, "up": {Code: tea.KeyUp},
	"pgup": {Code: tea.KeyPgUp}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "f1": {Code: tea.KeyF1}, "f2": {Code: tea.KeyF2},
	"ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+d": {Code: 'd', Mod: tea.ModCtrl}, "ctrl+j": {Code: 'j', Mod: tea.ModCtrl},
	"ctrl+o": {Code: 'o', Mod: tea.ModCtrl}, "ctrl+r": {Code: 'r', Mod: tea.ModCtrl}, "backspace": {Code: tea.KeyBackspace},
}

// press presses keys one after the other: those of special by name, others as text.
func (s *stage) press(keys ...string) {
	for _, k := range keys {
		if key, is := special[k]; is {
			s.do(tea.KeyPressMsg(key))
			continue
		}
		for _, r := range k {
			s.do(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

// pass lets time go by.
func (s *stage) pass(d time.Duration) {
	s.now = s.now.Add(d)
	s.model.Update(tickMsg{})
}

func (s *stage) shown() string { return ansi.Strip(s.model.View().Content) }

// want wants each of the texts on the screen; one that begins with "!" must not be there.
func (s *stage) want(texts ...string) {
	s.t.Helper()
	shown := s.shown()
	for _, text := range texts {
		unwanted, not := strings.CutPrefix(text, "!")
		if not == strings.Contains(shown, strings.TrimPrefix(text, "!")) {
			s.t.Errorf("want %q (not there: %t %q) on the screen:\n%s", text, not, unwanted, shown)
		}
	}
	s.fits()
}

// fits wants the screen to have exactly the terminal's size.
func (s *stage) fits() {
	s.t.Helper()
	v := s.model.View()
	rows := strings.Split(v.Content, "\n")
	if len(rows) != s.model.height {
		s.t.Errorf("%d rows in a terminal of %d", len(rows), s.model.height)
	}
	for i, row := range rows {
		if width := ansi.StringWidth(row); width > s.model.width {
			s.t.Errorf("row %d has %d cells in a terminal of %d: %q", i, width, s.model.width, row)
		}
	}
	if c := v.Cursor; c.X < 0 || c.X >= s.model.width || c.Y < 0 || c.Y >= s.model.height {
		s.t.Errorf("the cursor is at %d, %d in a terminal of %d×%d", c.X, c.Y, s.model.width, s.model.height)
	}
}
