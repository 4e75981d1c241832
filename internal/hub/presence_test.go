package hub_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// news is an encoding with presence and acks, a line for each.
type news struct{ lines }

func (*news) AppendOwn(dst []byte, m *recado.Message) []byte {
	if m.Ephemeral {
		return dst
	}
	return fmt.Appendf(dst, "ack %s\n", m.ID)
}

func (*news) AppendChange(dst []byte, c hub.Change, p hub.Person) []byte {
	sign := map[hub.Change]string{hub.Joined: "+", hub.Left: "-", hub.Renamed: "="}[c]
	return fmt.Appendf(dst, "%s%s\n", sign, p.Name)
}

func (*news) AppendCount(dst []byte, count int, members []hub.Person) []byte {
	dst = fmt.Appendf(dst, "%d members", count)
	if members != nil {
		dst = fmt.Appendf(dst, ": %s", names(members))
	}
	return append(dst, '\n')
}

func names(people []hub.Person) string {
	var all []string
	for _, p := range people {
		all = append(all, p.Name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// enter joins with a session and a name, and attaches.
func enter(t *testing.T, h *hub.Hub, session, name string, e hub.Encoding) (*hub.Member, *inbox) {
	t.Helper()
	c := new(inbox)
	m := &hub.Member{ID: recado.NewMemberID([]byte(session)), Name: name, Encoding: e, Conn: c}
	if _, err := h.Join(t.Context(), "ops", m); err != nil {
		t.Fatalf("Join = %v", err)
	}
	m.Attach()
	return m, c
}

// settle lets time pass until everything is told that is due.
func settle() {
	time.Sleep(2 * time.Second)
	synctest.Wait()
}

// inBubble runs the test with a hub whose rooms list up to that many members.
func inBubble(t *testing.T, listed int, test func(t *testing.T, h *hub.Hub, e hub.Encoding)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, hub.New(memory.New(recado.Limits{}), recado.Limits{MembersListed: listed}), new(news))
	})
}

func TestPresence(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		ana, anaGot := enter(t, h, "1", "ana", e)
		settle()
		beto, betoGot := enter(t, h, "2", "beto", e)
		_, rawGot := enter(t, h, "3", "carla", new(lines))
		settle()
		beto.Rename("roberto")
		settle()
		if got := names(ana.Roster().Members); got != "ana carla roberto" || ana.Roster().Count != 3 {
			t.Errorf("roster is %s", got)
		}
		ana.Leave(false)
		settle()
		got := anaGot.lines()
		slices.Sort(got[:2])
		if want := []string{"+beto", "+carla", "=roberto"}; !slices.Equal(got, want) {
			t.Errorf("ana was told %q, want %q", got, want)
		}
		wantLines(t, "beto, who knows his own name,", betoGot, "+carla", "-ana")
		wantLines(t, "carla, whose format has no presence,", rawGot)
	})
}

// Who leaves and returns within 15 seconds was never away; who does not has left.
func TestReturn(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		witness, got := enter(t, h, "1", "witness", e)
		settle()
		ana, _ := enter(t, h, "2", "ana", e)
		settle()
		ana.Leave(true)
		time.Sleep(14 * time.Second)
		if roster := witness.Roster(); names(roster.Members) != "ana witness" {
			t.Errorf("while ana is away, the roster is %s", names(roster.Members))
		}
		ana, _ = enter(t, h, "2", "ana", e)
		time.Sleep(time.Minute)
		wantLines(t, "witness", got, "+ana")
		ana.Leave(true)
		time.Sleep(5 * time.Second)
		ana, _ = enter(t, h, "2", "ana maria", e) // the same session under another name
		settle()
		ana.Leave(true)
		time.Sleep(20 * time.Second)
		wantLines(t, "witness", got, "+ana", "=ana maria", "-ana maria")
		if n := witness.Roster().Count; n != 1 {
			t.Errorf("%d members, want 1", n)
		}
	})
}

// A second connection with the same session takes the place of the first: it alone hears, and nobody notices.
func TestReplace(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		witness, got := enter(t, h, "1", "witness", e)
		settle()
		first, firstGot := enter(t, h, "2", "ana", e)
		settle()
		second := &hub.Member{ID: first.ID, Name: "ana", Encoding: e, Conn: new(inbox)}
		replaced, err := h.Join(t.Context(), "ops", second)
		if replaced != first || err != nil {
			t.Fatalf("Join = %v, %v, want the first connection", replaced, err)
		}
		second.Attach()
		say(t, second, "mine")
		say(t, witness, "oi")
		first.Leave(true)
		time.Sleep(time.Minute)
		wantLines(t, "witness", got, "+ana", "mine", "ack ")
		wantLines(t, "the replaced connection", firstGot)
		wantLines(t, "the new connection", second.Conn.(*inbox), "ack ", "oi")
		if !first.AttachAt(recado.Position{}) || len(firstGot.lines()) > 0 {
			t.Error("the replaced connection was attached again")
		}
	})
}

// However many come and go within a moment, what is told is what has come of it.
func TestChangesGather(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		_, got := enter(t, h, "0", "witness", e)
		settle()
		enter(t, h, "first", "first", e)
		synctest.Wait()
		time.Sleep(time.Millisecond)
		wantLines(t, "witness, at once,", got, "+first")
		for i := range 500 {
			m, _ := enter(t, h, fmt.Sprint("passer-by ", i), "passer-by", e)
			m.Leave(false)
		}
		enter(t, h, "last", "last", e)
		settle()
		wantLines(t, "witness", got, "+first", "+last")
	})
}

func TestCrowd(t *testing.T) {
	inBubble(t, 10, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		witness, got := enter(t, h, "0", "w", e)
		settle()
		var others []*hub.Member
		for i := range 12 {
			m, _ := enter(t, h, strconv.Itoa(i+1), string(rune('a'+i)), new(lines))
			others = append(others, m)
		}
		settle()
		told := got.lines()
		told = told[len(told)-1:] // the first of them may have been named
		if want := "13 members"; told[0] != want {
			t.Errorf("witness was told %q, want %q last", got.lines(), want)
		}
		if roster := witness.Roster(); roster.Members != nil || roster.Count != 13 {
			t.Errorf("roster of a crowd is %v", roster)
		}
		seen := len(got.lines())
		for _, some := range [][]*hub.Member{others[:3], others[3:4], others[4:5]} {
			for _, m := range some {
				m.Leave(false)
			}
			settle()
		}
		if want := []string{"10 members", "9 members: e f g h i j k l w", "-e"}; !slices.Equal(got.lines()[seen:], want) {
			t.Errorf("as they leave, witness was told %q, want %q", got.lines()[seen:], want)
		}
	})
}

// A roster that was made before a change is outdated by it.
func TestOutdated(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		ana, _ := enter(t, h, "1", "ana", e)
		roster := ana.Roster()
		if ana.Outdated(roster) {
			t.Error("a new roster is outdated")
		}
		enter(t, h, "2", "beto", e)
		if !ana.Outdated(roster) {
			t.Error("the roster is not outdated though somebody came")
		}
	})
}

// What is ephemeral comes to those who listen, leaves no trace in the room's order, and is left out for who is behind.
func TestEphemeral(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, h *hub.Hub, _ hub.Encoding) {
		t.Helper()
		testEphemeral(t, h)
	})
}

func testEphemeral(t *testing.T, h *hub.Hub) {
	t.Helper()
	e := new(lines)
	ana, anaGot := enter(t, h, "1", "ana", e)
	_, betoGot := enter(t, h, "2", "beto", e)
	eco, ecoGot := join(t, h, "ops", "eco", e, true)
	before := ana.Position()
	for _, m := range []*hub.Member{ana, eco} {
		if _, err := m.Publish(t.Context(), recado.Message{Kind: recado.Text, Data: []byte("typing"), Ephemeral: true}); err != nil {
			t.Fatal(err)
		}
	}
	wantLines(t, "ana", anaGot, "typing")
	wantLines(t, "beto", betoGot, "typing", "typing")
	wantLines(t, "eco, whom echo brings nothing ephemeral,", ecoGot, "typing")
	ana.Detach()
	if !ana.AttachAt(before) {
		t.Error("an ephemeral message moved the room on")
	}
}

// Those who may return are as bounded as those who are listed: the others leave at once.
func TestAwayIsBounded(t *testing.T) {
	inBubble(t, 10, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		witness, _ := enter(t, h, "0", "witness", e)
		for i := range 30 {
			m, _ := enter(t, h, strconv.Itoa(i+1), "passer-by", e)
			m.Leave(true)
		}
		if n := witness.Roster().Count; n != 11 {
			t.Errorf("%d members while 30 may return, want 11", n)
		}
		time.Sleep(16 * time.Second)
		if n := witness.Roster().Count; n != 1 {
			t.Errorf("%d members after nobody has, want 1", n)
		}
	})
}

// A connection that takes the place of another may have another name.
func TestReplaceRenames(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		_, got := enter(t, h, "1", "witness", e)
		settle()
		first, firstGot := enter(t, h, "2", "ana", e)
		settle()
		enter(t, h, "2", "ana maria", e)
		first.Attach() // it was about to
		first.Rename("nobody")
		settle()
		wantLines(t, "witness", got, "+ana", "=ana maria")
		wantLines(t, "the replaced connection", firstGot)
	})
}

// What happened while nobody listened is known to who comes then, and what happens from then on is told.
func TestNobodyListens(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		quiet := new(lines)
		ana, _ := enter(t, h, "1", "ana", e)
		enter(t, h, "2", "beto", quiet)
		settle()
		ana.Leave(true)
		carla, _ := enter(t, h, "3", "carla", quiet)
		settle()
		davi, got := enter(t, h, "4", "davi", e)
		if roster := davi.Roster(); names(roster.Members) != "ana beto carla davi" {
			t.Errorf("roster is %s", names(roster.Members))
		}
		carla.Leave(false)
		time.Sleep(time.Minute)
		wantLines(t, "davi", got, "-carla", "-ana")
	})
}

// Who comes first to a room that is too large to list is not told of single members, also when it has become a
// little smaller; and of the number only once a second.
func TestFirstInCrowd(t *testing.T) {
	inBubble(t, 10, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		var others []*hub.Member
		for i := range 10 {
			m, _ := enter(t, h, strconv.Itoa(i+1), string(rune('a'+i)), new(lines))
			others = append(others, m)
		}
		witness, got := enter(t, h, "0", "w", e)
		if roster := witness.Roster(); roster.Members != nil {
			t.Errorf("roster is %v, want only the number", roster)
		}
		settle()
		others[0].Leave(false)
		synctest.Wait()
		time.Sleep(100 * time.Millisecond)
		others[1].Leave(false)
		time.Sleep(800 * time.Millisecond)
		others[2].Leave(false)
		settle()
		wantLines(t, "witness", got, "10 members", "8 members: d e f g h i j w")
	})
}

// A member that is given the name that it has is no news.
func TestRenameToTheSame(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		ana, _ := enter(t, h, "1", "ana", e)
		roster := ana.Roster()
		if ana.Rename("ana"); ana.Outdated(roster) {
			t.Error("outdated by the same name")
		}
	})
}

// When all connections are lost at once, who comes back first finds the others still there for 15 seconds.
func TestAllReturn(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, h *hub.Hub, e hub.Encoding) {
		t.Helper()
		ana, _ := enter(t, h, "1", "ana", e)
		beto, _ := enter(t, h, "2", "beto", e)
		settle()
		ana.Leave(true)
		beto.Leave(true)
		time.Sleep(time.Second)
		ana, got := enter(t, h, "1", "ana", e)
		if roster := ana.Roster(); names(roster.Members) != "ana beto" {
			t.Errorf("the first finds %s, want ana beto", names(roster.Members))
		}
		time.Sleep(time.Second)
		beto, _ = enter(t, h, "2", "beto", e)
		settle()
		wantLines(t, "ana", got)
		beto.Leave(true)
		ana.Leave(false)
		time.Sleep(14 * time.Second)
		if h.Rooms() != 1 {
			t.Error("the room is gone while somebody may return")
		}
		time.Sleep(2 * time.Second)
		if h.Rooms() != 0 {
			t.Error("the room is still there when nobody has returned")
		}
	})
}
