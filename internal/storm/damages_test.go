package storm_test

import (
	"strings"

	"recado/internal/storm"
)

// A damage is something that a relay or a client could do wrong, as the smallest change of the log that shows it,
// and the rules that are to complain of it.
type damage struct {
	name   string
	damage func(l log) log
	want   []string
}

// Messages that are not what was said, or do not belong there.
var damagedMessages = []damage{
	{"a changed byte", func(l log) log {
		return l.change("beto", storm.Message, "caio says 2", func(e *storm.Event) { e.Data = []byte("caio said 2") })
	}, []string{"integrity"}},
	{"a changed byte, raw", func(l log) log { // what was said never came, either
		return l.change("duda", storm.Message, "caio says 2", func(e *storm.Event) { e.Data = nil })
	}, []string{"integrity", "lost"}},
	{"text as binary", func(l log) log {
		return l.change("beto", storm.Message, "caio says 1", func(e *storm.Event) { e.Kind = "binary" })
	}, []string{"integrity"}},
	{"JSON as binary, raw", func(l log) log {
		return l.change("duda", storm.Message, "caio says 3", func(e *storm.Event) { e.Kind = "binary" })
	}, []string{"integrity"}},

	{"a message from another room", func(l log) log {
		return l.hear(l[l.find("eva", storm.Message, "fabi says 2")], "beto", storm.Message, "ana says 4")
	}, []string{"room"}},
	{"a message from another room, raw", func(l log) log {
		return l.hear(l[l.find("fabi", storm.Message, "eva says 2")], "duda", storm.Message, "ana says 4")
	}, []string{"room"}},

	{"an echo before its ack", func(l log) log {
		return l.hear(l[l.find("beto", storm.Message, "ana says 2")], "ana", storm.Ack, "c2")
	}, []string{"echo"}},
	{"an echo in a replay", func(l log) log {
		return l.hear(l[l.find("beto", storm.Message, "ana says 8")], "ana", storm.Ack, "c8")
	}, []string{"echo"}},
	{"an echo instead of its ack", func(l log) log {
		return l.hear(l[l.find("beto", storm.Message, "ana says 8")], "ana", storm.Ack, "c8").drop("ana", storm.Ack, "c8")
	}, []string{"echo", "outbox"}},
	{"an echo, raw", func(l log) log {
		return l.hear(l[l.find("duda", storm.Message, "caio says 1")], "caio", storm.Message, "beto says 1")
	}, []string{"echo"}},

	{"an echo on a new connection, raw with a session", func(l log) log {
		return l.hear(storm.Event{Do: storm.Message, Kind: "text", Data: []byte(`"fabi says 3"`)}, "fabi", storm.Close, "")
	}, []string{"echo"}},
	{"what was said as an earlier member", func(l log) log {
		return l.hear(l[l.find("beto", storm.Message, "ana says 8")], "ana", storm.Ack, "c8").
			change("ana", storm.Welcome, "e0.30", func(e *storm.Event) { e.Member = "m9" }).
			drop("ana", storm.Ack, "c8").
			hear(storm.Event{Do: storm.Lost, ID: "c8", Reason: "uncertain"}, "ana", storm.Send, "ana says 9")
	}, nil},

	{"one hears of another sender", func(l log) log {
		return l.change("beto", storm.Message, "caio says 1", func(e *storm.Event) { e.Member = "m4" })
	}, []string{"identity"}},
	{"a forged sender", func(l log) log {
		return l.change("beto", storm.Message, "ana says 1", func(e *storm.Event) { e.Member = "m3" })
	}, []string{"identity"}},

	{"an event of nobody", func(l log) log {
		return append(l, storm.Event{Client: "gil", Do: storm.Close})
	}, []string{"log"}},
	{"a position that is none", func(l log) log {
		return l.change("beto", storm.Welcome, "e0.27", func(e *storm.Event) { e.Position = "e0" })
	}, []string{"log"}},
	{"the same said twice", func(l log) log {
		return l.hear(l[l.find("ana", storm.Send, "ana says 1")], "duda", storm.Send, "duda says 1")
	}, []string{"log"}},
}

// The right messages in a wrong place, or in too many.
var damagedOrder = []damage{
	{"a message twice", func(l log) log {
		return l.hear(l[l.find("beto", storm.Message, "caio says 2")], "beto", storm.Ack, "c2")
	}, []string{"duplicate"}},
	{"a message twice, raw", func(l log) log {
		return l.hear(l[l.find("duda", storm.Message, "caio says 2")], "duda", storm.Message, "beto says 2")
	}, []string{"duplicate"}},
	{"a message again on a new connection, raw", func(l log) log {
		return l.hear(l[l.find("duda", storm.Message, "caio says 5")], "duda", storm.Message, "ana says 12")
	}, []string{"duplicate"}},
	{"a replay of what had arrived", func(l log) log {
		return l.hear(l[l.find("beto", storm.Message, "ana says 6")], "beto", storm.Message, "ana says 7")
	}, []string{"duplicate"}},
	{"an ack twice", func(l log) log {
		return l.hear(l[l.find("ana", storm.Ack, "c3")], "ana", storm.Message, "caio says 2")
	}, []string{"duplicate"}},
	{"a message stored twice", func(l log) log { // as seq 48 and 49
		var edited log
		for _, e := range l {
			again := e
			if e.Prev == 48 {
				e.Prev = 49
			}
			e.Position = strings.Replace(e.Position, "e0.48", "e0.49", 1)
			if edited = append(edited, e); e.Seq == 48 {
				again.Seq, again.Prev = 49, 48
				edited = append(edited, again)
			}
		}
		return edited
	}, []string{"duplicate", "once"}},

	{"two messages swapped", func(l log) log {
		return l.swap("ana", storm.Message, "caio says 2", "beto says 2")
	}, []string{"gap", "order"}},
	{"two messages swapped, raw", func(l log) log {
		return l.swap("duda", storm.Message, "caio says 2", "beto says 2")
	}, []string{"order"}},
	{"two messages of one sender swapped, raw", func(l log) log {
		return l.swap("duda", storm.Message, "beto says 4", "beto says 5")
	}, []string{"order", "sender"}},
	{"two acks swapped", func(l log) log {
		return l.swap("eva", storm.Ack, "c4", "c5")
	}, []string{"gap", "order", "sender"}},
	{"a message much too late, raw", func(l log) log {
		late := l[l.find("caio", storm.Message, "ana says 1")]
		return l.drop("caio", storm.Message, "ana says 1").hear(late, "caio", storm.Close, "")
	}, []string{"order", "sender"}},
	{"a message of an epoch that is over, raw", func(l log) log {
		old := l[l.find("caio", storm.Message, "beto says 9")]
		last := l[l.find("caio", storm.Open, "")]
		return l.drop("caio", storm.Message, "beto says 9").hear(last, "caio", storm.Done, "").hear(old, "caio", storm.Done, "")
	}, []string{"order", "sender"}},
	{"a sender's messages in another order for all", func(l log) log {
		return l.swap("ana", storm.Send, "ana says 1", "ana says 2")
	}, []string{"sender"}},

	{"a seq for two messages", func(l log) log {
		return l.change("eva", storm.Ack, "c2", func(e *storm.Event) { e.Seq = 9 }).
			change("eva", storm.Message, "fabi says 2", func(e *storm.Event) { e.Prev = 9 })
	}, []string{"seq"}},
	{"the server forgets, and counts in the old epoch", func(l log) log {
		for i := range l {
			l[i].Position = strings.Replace(l[i].Position, "e1.", "e0.", 1)
		}
		return l
	}, []string{"duplicate", "epoch", "lost", "order", "seq"}},
}

// Frames that do not follow each other, and answers that are not true.
var damagedChain = []damage{
	{"a message lost", func(l log) log {
		return l.drop("beto", storm.Message, "caio says 2")
	}, []string{"gap", "lost"}},
	{"a message lost and the chain closed over it", func(l log) log {
		prev := l[l.find("beto", storm.Message, "caio says 2")].Prev
		return l.drop("beto", storm.Message, "caio says 2").
			change("beto", storm.Ack, "c2", func(e *storm.Event) { e.Prev = prev })
	}, []string{"lost"}},
	{"a message lost, raw", func(l log) log {
		return l.drop("duda", storm.Message, "caio says 2")
	}, []string{"lost"}},
	{"the last message lost", func(l log) log {
		return l.drop("beto", storm.Message, "duda says 2")
	}, []string{"lost"}},
	{"an ack lost", func(l log) log {
		return l.drop("ana", storm.Ack, "c3")
	}, []string{"gap", "lost", "outbox"}},
	{"a frame that follows another one", func(l log) log {
		return l.change("beto", storm.Message, "caio says 2", func(e *storm.Event) { e.Prev-- })
	}, []string{"gap"}},

	{"a replay without its last frame", func(l log) log {
		return l.drop("beto", storm.Message, "caio says 4")
	}, []string{"gap", "lost"}},
	{"less replayed than announced", func(l log) log {
		return l.change("eva", storm.Welcome, "e1.0", func(e *storm.Event) { e.Replay = 5 })
	}, []string{"resume"}},
	{"recovered at another place", func(l log) log {
		return l.change("beto", storm.Welcome, "e0.27", func(e *storm.Event) { e.Position = "e0.26" })
	}, []string{"resume"}},
	{"recovered, though it was not", func(l log) log {
		return l.drop("ana", storm.Gap, "e0.38").
			change("ana", storm.Welcome, "e0.38", func(e *storm.Event) { e.Recovered, e.Position = true, "e0.34" })
	}, []string{"gap", "lost"}},
	{"a gap that is not announced", func(l log) log {
		return l.drop("ana", storm.Gap, "e0.38")
	}, []string{"gap"}},
	{"a gap smaller than what is missing", func(l log) log {
		return l.change("ana", storm.Gap, "e0.38", func(e *storm.Event) { e.To-- })
	}, []string{"gap"}},
	{"a gap that counts too few", func(l log) log {
		return l.change("ana", storm.Gap, "e0.38", func(e *storm.Event) { e.Missed = 1 })
	}, []string{"gap"}},

	{"an epoch that is not announced", func(l log) log {
		return l.drop("ana", storm.Gap, "e1.0")
	}, []string{"epoch"}},
	{"recovered into another epoch", func(l log) log {
		return l.drop("ana", storm.Gap, "e1.0").
			change("ana", storm.Welcome, "e1.0", func(e *storm.Event) { e.Recovered = true })
	}, []string{"epoch"}},
	{"another reason for another epoch", func(l log) log {
		return l.change("ana", storm.Gap, "e1.0", func(e *storm.Event) { e.Reason = "expired" })
	}, []string{"epoch", "gap"}},
	{"an epoch that is over", func(l log) log {
		welcome, gap := l[l.find("eva", storm.Welcome, "e1.0")], l[l.find("eva", storm.Gap, "e1.0")]
		welcome.Position, gap.Position = "e0.26", "e0.26"
		return l.hear(welcome, "eva", storm.Done, "").hear(gap, "eva", storm.Done, "")
	}, []string{"epoch"}},
	{"a connection over the end of an epoch, raw", func(l log) log {
		return l.drop("duda", storm.Close, "").drop("duda", storm.Open, "")
	}, []string{"epoch"}},

	{"an ack of another seq", func(l log) log {
		duplicate := l[l.find("ana", storm.Ack, "c2")]
		duplicate.Seq, duplicate.Duplicate = 8, true
		return l.hear(duplicate, "ana", storm.Ack, "c3")
	}, []string{"ack"}},
	{"an ack of what was never sent", func(l log) log {
		duplicate := l[l.find("ana", storm.Ack, "c2")]
		duplicate.ID, duplicate.Duplicate = "x1", true
		return l.hear(duplicate, "ana", storm.Ack, "c3")
	}, []string{"ack"}},
	{"a message that its client forgets", func(l log) log {
		return l.drop("ana", storm.Lost, "")
	}, []string{"outbox"}},
	{"a message that its client calls unsent", func(l log) log {
		return l.drop("ana", storm.Ack, "c14").
			hear(storm.Event{Do: storm.Lost, ID: "c14", Reason: "unsent"}, "ana", storm.Message, "beto says 10")
	}, []string{"gap", "lost", "outbox"}},
	{"an acked message given up", func(l log) log {
		return l.hear(storm.Event{Do: storm.Lost, ID: "c1"}, "ana", storm.Ack, "c3")
	}, []string{"outbox"}},
}
