package tui

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"recado"
	"recado/client"
)

// A hearing is the receiving half of a pipe: it writes the messages that come, and tells what happens.
type hearing struct {
	*Pipe

	out     *bufio.Writer
	address string
	outage  bool
	lost    losses
}

// take deals with one event. The error is the end.
func (h *hearing) take(e client.Event) error {
	if lost, is := e.(client.Lost); is {
		h.lost.add(lost)
		return nil
	}
	h.tellLost()
	switch e := e.(type) {
	case client.Message:
		return h.write(e)
	case client.Gap:
		h.tell("recado: " + gapText(h.Texts, e))
	case client.State:
		h.state(e)
	}
	return nil
}

func (h *hearing) state(s client.State) {
	switch s.Phase {
	case client.Reconnecting:
		if !h.outage && !passing(s) {
			id, facts := Problem(s.Err, h.address)
			h.tell(h.Texts.Text("chat.pipe.reconnecting", "Problem", h.Texts.Text("error."+id, facts...)))
			h.outage = true
		}
	case client.Connected:
		if h.outage {
			h.tell(h.Texts.Text("chat.pipe.reconnected"))
		}
		h.outage = false
	}
}

// rest is for when nothing more is at hand: what there is must not wait.
func (h *hearing) rest() error {
	h.tellLost()
	return h.out.Flush()
}

func (h *hearing) tellLost() {
	if text := h.lost.text(h.Texts); text != "" && !h.ending.Load() {
		h.tell("recado: " + text)
	}
	h.lost = losses{}
}

// write writes one message as one line. As text, binary ones are only mentioned, and ephemeral ones left out.
func (h *hearing) write(m client.Message) error {
	if h.JSON {
		return h.writeJSON(m)
	}
	switch {
	case m.Ephemeral:
		return nil
	case m.Kind == recado.Binary:
		h.tell(h.Texts.Count("chat.pipe.binary", len(m.Data)))
		return nil
	}
	text := string(m.Data)
	if h.Terminal {
		text = SafeLine(text)
	}
	_, err := h.out.WriteString(strings.ReplaceAll(text, "\n", `\n`) + "\n")
	return err
}

// writeJSON writes a message as recado.v1 does, with its position.
func (h *hearing) writeJSON(m client.Message) error {
	type from struct {
		ID   string `json:"id,omitempty"`
		Name string `json:"name"`
	}
	line := struct {
		Seq       uint64          `json:"seq,omitempty"`
		Position  string          `json:"position,omitempty"`
		Time      string          `json:"time"`
		From      from            `json:"from"`
		Text      *string         `json:"text,omitempty"`
		JSON      json.RawMessage `json:"json,omitempty"`
		Base64    *string         `json:"base64,omitempty"`
		Event     string          `json:"event,omitempty"`
		Ephemeral bool            `json:"ephemeral,omitempty"`
	}{
		Time: m.Time.UTC().Format("2006-01-02T15:04:05.000Z"), From: from{Name: m.From.Name},
		Event: m.Event, Ephemeral: m.Ephemeral,
	}
	if m.From.ID != (recado.MemberID{}) {
		line.From.ID = m.From.ID.String()
	}
	if !m.Ephemeral {
		line.Seq, line.Position = m.Position.Seq, m.Position.String()
	}
	switch text := string(m.Data); m.Kind {
	case recado.JSON:
		line.JSON = m.Data
	case recado.Binary:
		text = base64.StdEncoding.EncodeToString(m.Data)
		line.Base64 = &text
	default:
		line.Text = &text
	}
	var b bytes.Buffer
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false)
	if err := to.Encode(line); err != nil {
		return err
	}
	if h.Terminal {
		_, err := h.out.WriteString(safeJSON(b.String()))
		return err
	}
	_, err := h.out.Write(b.Bytes())
	return err
}

// safeJSON escapes what a terminal might obey, or not show: JSON itself takes care of ASCII but for DEL.
func safeJSON(line string) string {
	var b strings.Builder
	for _, r := range line {
		if r < 0x7f || unicode.IsGraphic(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// passing tells the outages that nobody needs to hear of: the client comes back at once, where it was.
func passing(s client.State) bool { return s.Wait == 0 && errors.Is(s.Err, client.ErrResync) }
