package server

import (
	"net/http"
	"time"

	"recado"
	"recado/internal/transport"
)

// stream answers with the room's messages as they come, or with poll=1 with those that are kept.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, room string) error {
	asked, err := s.joinOf(r, room)
	if err != nil {
		return err
	}
	format := formatOf(r)
	resume(&asked, r.Header.Get("Last-Event-ID"))
	poll, err := isOn(r.URL.Query(), "poll")
	switch {
	case err != nil:
		return err
	case r.Method == http.MethodHead:
		needed := recado.MaySubscribe
		if poll {
			needed |= recado.MayReadHistory
		}
		if _, err := recado.Admit(asked.Authenticator, asked.Token, room, needed); err != nil {
			return err
		}
		w.Header().Set("Content-Type", string(format))
		w.Header().Set("Cache-Control", "no-store")
		return nil
	case poll:
		return s.sockets.Poll(w, r, asked, format)
	case r.ProtoAtLeast(1, 1):
		return s.arrivals.session(r, func(left func()) error {
			asked.Left = left
			return s.sockets.Stream(w, r, asked, format)
		})
	}
	return &recado.Refusal{Code: "http_version", Status: http.StatusHTTPVersionNotSupported}
}

// formatOf is the format that the Accept header names first, otherwise lines of text.
func formatOf(r *http.Request) transport.StreamFormat {
	for _, format := range []transport.StreamFormat{transport.EventStream, transport.JSONLines} {
		if accepts(r, string(format)) {
			return format
		}
	}
	return transport.TextLines
}

// resume lets a browser that comes back go on where it was. An id that is none of ours is a position that this room
// never had: a refusal would make the browser give up for ever.
func resume(j *transport.Join, lastEventID string) {
	if lastEventID == "" {
		return
	}
	at, err := recado.ParsePosition(lastEventID)
	if err != nil {
		at = recado.Position{Epoch: "unknown"}
	}
	j.Replay, j.After, j.Since = true, at, time.Time{}
}
