package tui

import (
	"slices"
	"time"

	"github.com/charmbracelet/x/ansi"

	"recado"
)

const (
	// wide is from which width on names stand beside the texts.
	wide = 50
	// journalMax and journalBytes bound what can be scrolled back to. The oldest entries go.
	journalMax, journalBytes = 10_000, 8 << 20
	// minName and maxName bound the column of the names.
	minName, maxName = 4, 14
)

// A journal is what was said, and the part of it that is looked at. Rows are drawn when they are looked at, and
// kept until something about them changes: a new message costs what is new, not what there is.
type journal struct {
	styles *styles
	day    func(time.Time) string        // how a day is called
	unread func(n int, width int) string // the row above what came while nobody looked
	clock  func() time.Time

	entries []*entry
	outbox  []*entry // own messages that the room does not have yet: they come after everything else
	bytes   int      // of the texts of entries

	width      int
	nameWidth  int
	generation int // of what the rows were drawn for

	at        place // the last row that is looked at, unless following
	following bool
	first     *entry // of those that came while nobody looked; nil: there are none
	news      int    // how many they are
	fresh     int    // how many have not been looked at yet
	cleared   bool   // what was said has been taken from the screen
}

// A place is a row of an entry.
type place struct{ entry, row int }

// newJournal is empty, and follows what comes.
func newJournal(s *styles, clock func() time.Time) *journal {
	return &journal{styles: s, clock: clock, nameWidth: minName, following: true}
}

// redraw is for when everything looks different.
func (j *journal) redraw() { j.generation++ }

func (j *journal) resize(width int) {
	if width != j.width {
		j.width = width
		j.redraw()
	}
}

// add puts an entry to the end; unseen says that nobody looks at the screen.
func (j *journal) add(e *entry, unseen bool) {
	j.fit(e)
	j.entries = append(j.entries, e)
	j.bytes += len(e.text)
	if e.isMessage() && !e.own && (unseen || !j.following) {
		if j.fresh == 0 {
			j.first, j.news = e, 0
		}
		j.news++
		j.fresh++
	}
	j.prune()
}

// prepend puts earlier entries before all others of the same history, and returns the index of the first one.
func (j *journal) prepend(earlier []*entry) (at int) {
	for _, e := range earlier {
		j.fit(e)
		j.bytes += len(e.text)
	}
	at = j.beginning()
	j.entries = slices.Insert(j.entries, at, earlier...)
	if j.at.entry >= at {
		j.at.entry += len(earlier)
	}
	return at
}

// beginning is the index from which on the entries are of the history that the server has now.
func (j *journal) beginning() int {
	for i, e := range slices.Backward(j.entries) {
		if e.missing.Reason == anotherHistory {
			return i + 1
		}
	}
	return 0
}

// oldest is the position of the first message that the server may still know; zero if there is none.
func (j *journal) oldest() recado.Position {
	for _, e := range j.entries[j.beginning():] {
		if e.position != (recado.Position{}) {
			return e.position
		}
	}
	return recado.Position{}
}

// fit makes the column of the names wide enough.
func (j *journal) fit(e *entry) {
	if !e.isMessage() {
		return
	}
	if width := min(ansi.StringWidth(e.label), maxName); width > j.nameWidth {
		j.nameWidth = width
		j.redraw()
	}
}

// prune lets the oldest entries go: many at once, so that it is seldom done.
func (j *journal) prune() {
	n := 0
	if len(j.entries) > journalMax {
		n = journalMax / 10
	}
	size := j.bytes
	for i, e := range j.entries {
		if i >= n && size <= journalBytes {
			break
		}
		size -= len(e.text)
		n = max(n, i+1)
	}
	n = min(n, len(j.entries)-1)
	if n <= 0 {
		return
	}
	for _, e := range j.entries[:n] {
		j.bytes -= len(e.text)
	}
	j.entries = slices.Clone(j.entries[n:])
	j.entries[0].above, j.entries[0].kept = nil, nil // it must not hold the others
	j.at = place{max(0, j.at.entry-n), j.at.row}
	if j.at.entry == 0 {
		j.at.row = 0
	}
}

// last is the entry that another one would follow; nil if there is none.
func (j *journal) last() *entry {
	if len(j.entries) == 0 {
		return nil
	}
	return j.entries[len(j.entries)-1]
}

// settle takes an own message out of the outbox. What the room has goes to the end of what was said: that is its
// place. False means that it is not there.
func (j *journal) settle(id string, m mark) (*entry, bool) {
	i := slices.IndexFunc(j.outbox, func(e *entry) bool { return e.id == id })
	if i < 0 {
		return nil, false
	}
	e := j.outbox[i]
	j.outbox = slices.Delete(j.outbox, i, i+1)
	e.mark, e.kept = m, nil
	j.add(e, false)
	return e, true
}

// failed are the own messages that did not reach the room, or perhaps not.
func (j *journal) failed() (failed []*entry) {
	for _, e := range j.entries {
		if e.mark == lost {
			failed = append(failed, e)
		}
	}
	return failed
}

// forget takes an entry out, wherever it is.
func (j *journal) forget(e *entry) {
	is := func(other *entry) bool { return other == e }
	j.outbox = slices.DeleteFunc(j.outbox, is)
	if i := slices.IndexFunc(j.entries, is); i >= 0 {
		j.replace(i, nil)
	}
}

// replace puts others in the place of an entry. What is looked at stays where it is.
func (j *journal) replace(i int, others []*entry) {
	j.bytes -= len(j.entries[i].text)
	for _, e := range others {
		j.fit(e)
		j.bytes += len(e.text)
	}
	j.entries = slices.Replace(j.entries, i, i+1, others...)
	if j.at.entry >= i {
		j.at.entry = max(0, j.at.entry+len(others)-1)
	}
}

// fill puts others in the place of a gap, if it has not been pruned.
func (j *journal) fill(gap *entry, filling []*entry) {
	if i := slices.Index(j.entries, gap); i >= 0 {
		j.replace(i, filling)
	}
}

// clear forgets everything but what is waiting.
func (j *journal) clear() {
	j.entries, j.bytes, j.at, j.following, j.first, j.news, j.fresh = nil, 0, place{}, true, nil, 0, 0
	j.cleared = true
}

// looked is for when somebody sees the end.
func (j *journal) looked() { j.fresh = 0 }

func (j *journal) len() int { return len(j.entries) + len(j.outbox) }

func (j *journal) get(i int) *entry {
	switch {
	case i < 0:
		return nil
	case i < len(j.entries):
		return j.entries[i]
	}
	return j.outbox[i-len(j.entries)]
}

// rows are those of the entry at an index.
func (j *journal) rows(i int) rows {
	e, above, now := j.get(i), j.get(i-1), j.clock()
	if e.kept == nil || e.above != above || e.made != j.generation || !sameDay(e.day, now) {
		e.kept = e.render(j, above)
		e.above, e.made, e.day = above, j.generation, now
	}
	if e == j.first {
		return append(rows{j.unread(j.news, j.width)}, e.kept...)
	}
	return e.kept
}

// view is what is looked at: exactly that many rows.
func (j *journal) view(height int) []string {
	j.hold(height)
	p := j.bottom()
	shown := make([]string, 0, height)
	for i := p.entry; i >= 0 && len(shown) < height; i-- {
		rows := j.rows(i)
		if i == p.entry {
			rows = rows[:min(p.row+1, len(rows))]
		}
		for k := len(rows) - 1; k >= 0 && len(shown) < height; k-- {
			shown = append(shown, rows[k])
		}
	}
	for len(shown) < height {
		shown = append(shown, padded("", j.width))
	}
	slices.Reverse(shown)
	return shown
}

// bottom is the last row that is looked at.
func (j *journal) bottom() place {
	if j.following || j.at.entry >= j.len() {
		end := j.len() - 1
		if end < 0 {
			return place{-1, 0}
		}
		return place{end, len(j.rows(end)) - 1}
	}
	return place{j.at.entry, min(j.at.row, len(j.rows(j.at.entry))-1)}
}

// top is the bottom when the first row is looked at.
func (j *journal) top(height int) place {
	total := 0
	for i := range j.len() {
		n := len(j.rows(i))
		if total+n >= height {
			return place{i, height - total - 1}
		}
		total += n
	}
	return place{j.len(), 0}
}

// hold keeps the view inside of what there is; at its end, it follows.
func (j *journal) hold(height int) {
	if j.following || j.len() == 0 {
		j.following = true
		return
	}
	p, top := j.bottom(), j.top(height)
	if before(p, top) {
		p = top
	}
	end := j.len() - 1
	j.at = p
	j.following = p.entry > end || p.entry == end && p.row >= len(j.rows(end))-1
}

func before(a, b place) bool { return a.entry < b.entry || a.entry == b.entry && a.row < b.row }

// atTop reports that there is nothing above what is looked at.
func (j *journal) atTop(height int) bool { return j.len() == 0 || !before(j.top(height), j.bottom()) }

// scroll moves the view by rows: up if by is negative.
func (j *journal) scroll(by, height int) {
	if j.len() == 0 {
		return
	}
	p := j.bottom()
	for by < 0 && (p.entry > 0 || p.row > 0) {
		if p.row == 0 {
			p.entry--
			p.row, by = len(j.rows(p.entry))-1, by+1
			continue
		}
		step := min(p.row, -by)
		p.row, by = p.row-step, by+step
	}
	for by > 0 {
		left := len(j.rows(p.entry)) - 1 - p.row
		if left >= by || p.entry == j.len()-1 {
			p.row += min(left, by)
			break
		}
		p.entry, p.row, by = p.entry+1, 0, by-left-1
	}
	j.at, j.following = p, false
	j.hold(height)
}

func (j *journal) home(height int) {
	j.at, j.following = place{}, false
	j.hold(height)
}

func (j *journal) end() { j.following = true }
