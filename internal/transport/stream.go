package transport

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"recado"
	"recado/internal/hub"
	"recado/internal/protocol/ndjson"
	"recado/internal/protocol/sse"
	"recado/internal/protocol/text"
	v1 "recado/internal/protocol/v1"
)

// A StreamFormat is what a stream over HTTP can look like.
type StreamFormat string

// The formats, by their media types.
const (
	EventStream StreamFormat = "text/event-stream"
	JSONLines   StreamFormat = "application/x-ndjson"
	TextLines   StreamFormat = "text/plain; charset=utf-8"
)

// pollPage is how many messages are read at once for an answer that ends.
const pollPage = 64

// minRetry and the same once more, at random, is when a browser comes back after its stream broke.
const minRetry = time.Second

// Stream answers a request with the messages of the room, as one endless response, and returns; the connection
// lives on in goroutines of its own. When it returns an error, nothing was written.
func (t *Transport) Stream(rw http.ResponseWriter, r *http.Request, j Join, f StreamFormat) error {
	s, err := t.admit(func() (*session, error) { return t.beginStream(rw, r, j, f) })
	if err != nil {
		return err
	}
	t.launch(s, r, j)
	return nil
}

// Poll answers a request with what the room has kept, and ends.
func (t *Transport) Poll(rw http.ResponseWriter, r *http.Request, j Join, f StreamFormat) error {
	access, err := recado.Admit(j.Authenticator, j.Token, j.Room, recado.MaySubscribe|recado.MayReadHistory)
	if err != nil {
		return err
	}
	visitor := hub.Member{Echo: j.Echo, ID: memberID(access, j.Session)}
	at, header := j.After, rw.Header()
	header.Set("Content-Type", string(f))
	header.Set("Cache-Control", "no-store")
	for begun := false; ; begun = true {
		page, err := t.hub.ReadAfter(r.Context(), j.Room, at, pollPage)
		switch {
		case err != nil && begun:
			panic(http.ErrAbortHandler) // an end in order would say that this was all
		case err != nil:
			return fmt.Errorf("history of %q: %w", j.Room, err)
		}
		units := newStreamFormat(f, page.From.Epoch)
		var b []byte
		if page.From != at && at != (recado.Position{}) {
			b = units.AppendEvent(b, gap(&cursor{at: at}, page.From))
		}
		at = page.From
		visitor.Encoding = streamEncoding{units: units, plain: true}
		for i := range page.Messages {
			m := &page.Messages[i]
			if !m.Time.Before(j.Since) {
				b = visitor.Append(b, m)
			}
			at.Seq = m.Seq
		}
		if n, _ := rw.Write(b); n < len(b) || page.Left == 0 { // who has left needs no more
			return nil
		}
	}
}

// beginStream is begin for a stream.
func (t *Transport) beginStream(rw http.ResponseWriter, r *http.Request, j Join, f StreamFormat) (*session, error) {
	access, err := recado.Admit(j.Authenticator, j.Token, j.Room, recado.MaySubscribe)
	if err != nil {
		return nil, err
	}
	s := t.newSession(j)
	s.streams = true
	begun := false
	defer func() {
		if !begun {
			s.abandon()
		}
	}()
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	if err := s.joinRaw(r.Context(), j, access, nil); err != nil {
		return nil, err
	}
	at := s.member.Position()
	units := newStreamFormat(f, at.Epoch)
	s.wire = chunkWire{units}
	s.member.Encoding = streamEncoding{units: units}
	var first []byte
	if events, is := units.(sse.Format); is {
		if j.Replay {
			at = j.After
		} else {
			at = s.member.Attach()
		}
		if at == (recado.Position{}) {
			at.Epoch = s.member.Position().Epoch // all of the history: from its beginning
		}
		first = appendChunk(nil, events.Begin(nil, at, minRetry+rand.N(minRetry)))
	} else if !j.Replay {
		s.member.Attach()
	}
	head := "HTTP/1.1 200 OK\r\nContent-Type: " + string(f) + "\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n" +
		"X-Content-Type-Options: nosniff\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n" + headerLines(rw.Header()) + "\r\n"
	if err := s.takeOver(rw, append([]byte(head), first...)); err != nil {
		return nil, err
	}
	s.admitted(access, j.Room)
	s.follow(j)
	begun = true
	return s, nil
}

// headerLines are the lines that the caller has set for its own reasons.
func headerLines(h http.Header) string {
	var lines strings.Builder
	for _, name := range []string{"Access-Control-Allow-Origin", "Vary"} {
		for _, value := range h.Values(name) {
			lines.WriteString(name + ": " + value + "\r\n")
		}
	}
	return lines.String()
}

// A streamFormat turns messages into the units of a stream.
type streamFormat interface {
	Append(dst []byte, m *recado.Message) []byte
	AppendOwn(dst []byte, m *recado.Message) []byte
	AppendEvent(dst []byte, e v1.Event) []byte
	Ping(dst []byte) []byte
}

func newStreamFormat(f StreamFormat, epoch string) streamFormat {
	switch f {
	case EventStream:
		return sse.Format{Epoch: epoch}
	case JSONLines:
		return ndjson.Format{Epoch: epoch}
	default:
		return text.Format{}
	}
}

// A streamEncoding is the encoding of a stream: each unit is a chunk.
type streamEncoding struct {
	units streamFormat
	plain bool // no chunks: net/http makes them
}

var _ hub.Encoding = streamEncoding{}

// Append appends m as one chunk.
func (e streamEncoding) Append(dst []byte, m *recado.Message) []byte {
	return e.chunk(e.units.Append(append(dst, make([]byte, headerSpace)...), m), len(dst))
}

// AppendOwn appends what the sender of m gets in its place as one chunk.
func (e streamEncoding) AppendOwn(dst []byte, m *recado.Message) []byte {
	return e.chunk(e.units.AppendOwn(append(dst, make([]byte, headerSpace)...), m), len(dst))
}

// Flush writes b to the members' connections.
func (streamEncoding) Flush(b *hub.Batch, to []*hub.Member) { flush(b, to) }

func (e streamEncoding) appendEvent(dst []byte, event v1.Event) []byte {
	return e.chunk(e.units.AppendEvent(append(dst, make([]byte, headerSpace)...), event), len(dst))
}

// chunk makes what stands in dst behind the header's space, which begins at start, a chunk, in place.
func (e streamEncoding) chunk(dst []byte, start int) []byte {
	unit := dst[start+headerSpace:]
	if e.plain {
		return append(dst[:start], unit...)
	}
	return appendChunk(dst[:start], unit)
}
