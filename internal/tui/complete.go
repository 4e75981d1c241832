package tui

import (
	"bytes"
	"slices"
	"strings"
)

// A completion goes through what the word before the cursor may become.
type completion struct {
	start, end int // of the word, as it stands now
	found      []string
	next       int // index in found
}

// complete writes the next thing that begins like the word before the cursor: a command, or a name.
func (m *model) complete(step int) {
	c := &m.completion
	if len(c.found) == 0 {
		*c = m.completions()
		if step < 0 {
			c.next = len(c.found) - 1
		}
	} else {
		c.next = (c.next + step + len(c.found)) % len(c.found)
	}
	if len(c.found) == 0 {
		return
	}
	text := []byte(c.found[c.next])
	if len(m.editor.text)-(c.end-c.start)+len(text) > maxTyped {
		return
	}
	m.editor.text = slices.Replace(m.editor.text, c.start, c.end, text...)
	c.end = c.start + len(text)
	m.editor.cursor = c.end
}

func (m *model) completions() completion {
	at := m.editor.cursor
	start := 1 + bytes.LastIndexAny(m.editor.text[:at], " \n")
	word := strings.ToLower(string(m.editor.text[start:at]))
	c := completion{start: start, end: at}
	if word == "" {
		return c
	}
	if start == 0 && word[0] == '/' {
		for _, name := range orderNames(m.Texts, word) {
			c.found = append(c.found, name+" ")
		}
		return c
	}
	after := " "
	if start == 0 {
		after = ": "
	}
	for _, member := range m.people.members {
		name := SafeLine(member.Name)
		if member.ID != m.people.you && strings.HasPrefix(strings.ToLower(name), strings.TrimPrefix(word, "@")) {
			c.found = append(c.found, name+after)
		}
	}
	c.found = slices.Compact(c.found)
	return c
}
