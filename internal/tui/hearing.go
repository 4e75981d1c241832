package tui

import (
	"bufio"
	"errors"
	"strings"
	"time"

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
	excess  excess
}

// take deals with one event. The error is the end.
func (h *hearing) take(e client.Event) error {
	switch e := e.(type) {
	case client.Lost:
		if text := h.lost.add(h.Texts, e); text != "" && !h.ending.Load() {
			h.tell("recado: " + text)
		}
	case client.Message:
		return h.write(e)
	case client.Gap:
		h.tell("recado: " + gapText(h.Texts, e))
	case *client.ServerError:
		if text := h.excess.faultText(h.Texts, e, time.Now()); text != "" {
			h.tell("recado: " + text)
		}
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

// write writes one message as one line. As text, binary ones are only mentioned, and ephemeral ones left out.
func (h *hearing) write(m client.Message) error {
	switch {
	case h.JSON:
		line := m.AppendJSON(h.out.AvailableBuffer())
		if h.Terminal {
			line = []byte(SafeJSON(string(line)))
		}
		_, err := h.out.Write(append(line, '\n'))
		return err
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

// passing tells the outages that nobody needs to hear of: the client comes back at once, where it was.
func passing(s client.State) bool { return s.Wait == 0 && errors.Is(s.Err, client.ErrResync) }
