package tui

import (
	"slices"
	"strings"

	"recado/internal/locale"
)

// What /queue may be told to do, in both languages.
func discards(word string) bool { return word == "discard" || word == "descartar" }
func retries(word string) bool  { return word == "retry" || word == "reenviar" }

// queueRows tell what waits to be in the room, and what has failed.
func queueRows(t *locale.Texts, conn connection, j *journal) []string {
	failed := j.failed()
	if len(j.outbox) == 0 && len(failed) == 0 {
		return []string{t.Text("chat.queue.empty")}
	}
	rows := []string{t.Text("page.queue", "Queued", t.Count("states.queued", conn.Waiting()))}
	for _, e := range slices.Concat(failed, j.outbox) {
		first, _, _ := strings.Cut(e.text, "\n")
		rows = append(rows, string(e.mark)+" "+e.at.Format("15:04")+"  "+first)
	}
	return append(rows, t.Text("chat.queue.help"))
}

// discard forgets what was not sent, and what has failed. What is on its way cannot be called back.
func discard(t *locale.Texts, conn connection, j *journal) string {
	n := 0
	for _, e := range slices.Concat(j.failed(), j.outbox) {
		if e.mark == lost || conn.Discard(e.id) {
			j.forget(e)
			n++
		}
	}
	return t.Count("chat.queue.discarded", n)
}
