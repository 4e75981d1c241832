package tui

import (
	"strings"
	"testing"
	"time"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

// Messages of one person stand together for five minutes.
func TestModelGroups(t *testing.T) {
	s := newStage(t, locale.English)
	for _, text := range []string{"one", "two"} {
		s.says(text)
	}
	s.now = s.now.Add(time.Minute)
	s.says("three")
	s.now = s.now.Add(together)
	s.says("four")
	s.want(" 21:14 beto │ one", "            │ two", " 21:15      │ three", " 21:20 beto │ four")
	s.resize(40, 12)
	s.want("beto 21:20 ", "\n three ", " four ")
}

// Two people with the same name can be told apart, also when one of them leaves.
func TestModelTells(t *testing.T) {
	s := newStage(t, locale.English)
	twin := client.Member{ID: recado.NewMemberID([]byte("twin")), Name: "beto"}
	first, second := "beto#"+person("beto").ID.String()[1:5], "beto#"+twin.ID.String()[1:5]
	before := s.conn.members
	s.conn.members = append(before, twin)
	s.events(client.Presence{Change: client.Joined, Member: twin})
	s.says("me?")
	s.conn.members = before
	s.events(client.Presence{Change: client.Left, Member: twin})
	s.want(second+" joined", first+" │ me?", second+" left", "○ "+second, "● beto  ")
	s.pass(departedTime + time.Second)
	s.want("!○")
	s.press("a", "tab")
	s.want("› a\n", "!ana: ")
}

// Earlier messages do not move what is looked at.
func TestModelKeepsItsPlace(t *testing.T) {
	s := newStage(t, locale.English)
	for range 50 {
		s.says("later")
	}
	s.press("pgup")
	place := s.model.journal.at.entry
	s.model.journal.prepend([]*entry{{at: s.now, text: "earlier"}, {at: s.now, text: "earlier"}})
	if got := s.model.journal.at.entry; got != place+2 {
		t.Errorf("the last entry that is looked at was number %d, and is %d after two came before it", place, got)
	}
}

// What somebody asks for is seen, wherever they were looking.
func TestModelReplies(t *testing.T) {
	s := newStage(t, locale.English)
	for range 50 {
		s.says("later")
	}
	for _, ask := range []string{"/who", "/export md"} {
		s.press("pgup", ask)
		s.want("↓ End")
		s.press("enter")
		s.want("!↓ End")
	}
	s.want("2 people: ana (you), beto", "50 messages saved")
}

// What can be scrolled back to has an end, in messages and in bytes.
func TestJournalIsBounded(t *testing.T) {
	s := newStage(t, locale.English)
	for range journalMax + 1 {
		s.says("short")
	}
	if n := len(s.model.journal.entries); n > journalMax || n < journalMax/2 {
		t.Errorf("%d messages are kept, want at most %d, and not much less", n, journalMax)
	}
	long := strings.Repeat("long ", 100_000)
	for range 2 * journalBytes / len(long) {
		s.says(long)
	}
	if n := s.model.journal.bytes; n > journalBytes || n < journalBytes/2 {
		t.Errorf("%d bytes are kept, want at most %d, and not much less", n, journalBytes)
	}
	s.press("home")
	s.fits()
}

// Earlier messages are those before the first one that is here and that the server may still know.
func TestJournalOldest(t *testing.T) {
	s := newStage(t, locale.English)
	at := func(want string) {
		t.Helper()
		if got := s.model.journal.oldest(); got.String() != want {
			t.Errorf("oldest() = %v, want %v", got, want)
		}
	}
	at(recado.Position{}.String())
	s.says("one")
	s.says("two")
	at("k.1")
	s.events(client.Gap{Reason: "slow", From: 3, To: 5, Position: recado.Position{Epoch: "k", Seq: 5}})
	at("k.1")
	s.events(client.Gap{Reason: "epoch", Position: recado.Position{Epoch: "n", Seq: 5}})
	at(recado.Position{}.String())
	s.says("three")
	at("k.3")
	s.model.journal.prepend([]*entry{{at: s.now, text: "between", position: recado.Position{Epoch: "k", Seq: 2}}})
	at("k.2")
	s.want("started anew", "between")
	if shown := s.shown(); strings.Index(shown, "started anew") > strings.Index(shown, "between") {
		t.Errorf("what the new history has stands before the end of the old one:\n%s", shown)
	}
	s.press("/clear", "enter")
	at(recado.Position{}.String())
	s.want("!Nothing said here yet")
}

// What is a command stays one where it is broken into rows.
func TestModelKeepsHyphens(t *testing.T) {
	s := newStage(t, locale.English)
	s.resize(20, 6)
	s.says("start the other --lan-name")
	s.want("\n --lan-name")
}

// A QR code that does not fit is of no use: the address is shown alone.
func TestModelHalfACode(t *testing.T) {
	s := newStage(t, locale.English)
	s.resize(20, 6)
	s.press("/qr", "enter")
	s.want("!<QR", "Join #ops", "localhost:8765")
}
