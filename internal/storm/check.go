package storm

import "fmt"

// A Violation is a promise that a log shows to be broken.
type Violation struct {
	Rule   string // one of Rules
	Client string
	Line   int // of the log, from 1
	Text   string
}

// String says all of it in one line.
func (v Violation) String() string {
	return fmt.Sprintf("%s: %s, line %d: %s", v.Rule, v.Client, v.Line, v.Text)
}

// A rule is one promise. It looks at one client at a time and complains of the step that breaks it.
type rule struct {
	name  string
	check func(h *history, c *client, complain complaint)
}

type complaint func(s *step, format string, args ...any)

// rules is the list of what is promised.
func rules() []rule {
	return []rule{
		{"integrity", checkIntegrity},
		{"room", checkRoom},
		{"echo", checkEcho},
		{"identity", checkIdentity},
		{"duplicate", checkDuplicate},
		{"order", checkOrder},
		{"sender", checkSender},
		{"seq", checkSeq},
		{"once", checkOnce},
		{"ack", checkAck},
		{"outbox", checkOutbox},
		{"gap", checkGap},
		{"lost", checkLost},
		{"resume", checkResume},
		{"epoch", checkEpoch},
	}
}

// Rules are the names of the promises, and "log" for events that make no sense.
func Rules() []string {
	names := []string{"log"}
	for _, r := range rules() {
		names = append(names, r.name)
	}
	return names
}

// Check returns every violation of every rule, rule by rule. The log must be that of all clients of its rooms.
func Check(events []Event) []Violation {
	h := index(events)
	found := h.faults
	for _, r := range rules() {
		for _, c := range h.clients {
			r.check(h, c, func(s *step, format string, args ...any) {
				found = append(found, Violation{r.name, c.name, s.line, fmt.Sprintf(format, args...)})
			})
		}
	}
	return found
}
