package tui

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"recado/client"
	"recado/internal/locale"
)

// A Report tells the person behind a program what happens to its connection: a line each, for stderr.
type Report struct {
	texts   *locale.Texts
	address string
	outage  bool
	excess  excess

	mu sync.Mutex // guards to
	to io.Writer
}

// NewReport is of a connection to that address.
func NewReport(texts *locale.Texts, address string, to io.Writer) *Report {
	return &Report{texts: texts, address: address, to: to}
}

// Tell writes a line. It may be called concurrently.
func (r *Report) Tell(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(r.to, "recado: "+text) //nolint:errcheck // there is nowhere else to say it
}

// LeftOut tells of a binary message that an Output has left out.
func (r *Report) LeftOut(bytes int) { r.Tell(r.texts.Count("chat.pipe.binary", bytes)) }

// Take tells of an event, if it is about the connection, and news.
func (r *Report) Take(e client.Event) {
	switch e := e.(type) {
	case client.Gap:
		r.Tell(gapText(r.texts, e))
	case *client.ServerError:
		if text := r.excess.faultText(r.texts, e, time.Now()); text != "" {
			r.Tell(text)
		}
	case client.State:
		r.state(e)
	}
}

func (r *Report) state(s client.State) {
	switch {
	case s.Phase == client.Reconnecting && !r.outage && !passing(s):
		r.outage = true
		id, facts := Problem(s.Err, r.address)
		r.Tell(r.texts.Text("chat.pipe.reconnecting", "Problem", r.texts.Text("error."+id, facts...)))
	case s.Phase == client.Connected && r.outage:
		r.outage = false
		r.Tell(r.texts.Text("chat.reconnected"))
	}
}

// passing tells the outages that nobody needs to hear of: the client comes back at once, where it was.
func passing(s client.State) bool { return s.Wait == 0 && errors.Is(s.Err, client.ErrResync) }
