package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"recado"
)

// httpName is the sender's name of what was published without one.
const httpName = "http"

// A receipt is the answer to a publish.
type receipt struct {
	Room      string `json:"room"`
	Seq       uint64 `json:"seq"`
	Position  string `json:"position"`
	Receivers int    `json:"receivers"`
	Duplicate bool   `json:"duplicate,omitempty"`
}

// publish sends the request's body to the room.
func (s *Server) publish(w http.ResponseWriter, r *http.Request, room string) error {
	limits := s.limits().In(room)
	if wait := s.arrivals.tooFast(r, limits); wait > 0 {
		return &recado.Refusal{
			Code: "rate_limited", Status: http.StatusTooManyRequests,
			Facts:  map[string]string{"Limit": strconv.Itoa(limits.MessageRate)},
			Header: map[string]string{"Retry-After": strconv.Itoa(int(wait/time.Second) + 1)},
		}
	}
	asked, err := s.joinOf(r, room)
	if err != nil {
		return err
	}
	access, err := recado.Admit(asked.Authenticator, asked.Token, room, recado.MayPublish)
	if err != nil {
		return err
	}
	m := recado.Message{Room: room, Name: access.CalledName(asked.Name), ID: r.Header.Get("Idempotency-Key")}
	if asked.Session != "" || access.User() != "" { // each subject's keys of idempotency are its own
		m.Sender = access.MemberID(asked.Session)
	}
	if asked.Session == "" && m.Name == "" {
		m.Name = httpName
	}
	if odd := recado.CheckMessageID(m.ID); m.ID != "" && odd != nil {
		return badBody("idempotency_key_invalid", odd.Error())
	}
	if m.Kind, m.Data, err = readBody(w, r, limits.MessageSize); err != nil {
		return err
	}
	done, receivers, err := s.hub.Publish(r.Context(), m)
	if err != nil {
		return fmt.Errorf("publish in %q: %w", room, err)
	}
	s.published(len(m.Data), done.Duplicate)
	at, err := s.hub.Position(r.Context(), room)
	if err != nil {
		return fmt.Errorf("position of %q: %w", room, err)
	}
	at.Seq = done.Seq
	return writeJSON(w, receipt{Room: room, Seq: done.Seq, Position: at.String(), Receivers: receivers, Duplicate: done.Duplicate})
}

// readBody reads a message of the kind that its content type says.
func readBody(w http.ResponseWriter, r *http.Request, size int) (recado.Kind, []byte, error) {
	kind, err := kindOf(r.Header.Get("Content-Type"))
	if err != nil {
		return 0, nil, err
	}
	limit := int64(size)
	var data []byte
	if r.ContentLength <= limit {
		data, err = io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	}
	if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig || r.ContentLength > limit {
		return 0, nil, &recado.Refusal{
			Code: "message_too_big", Status: http.StatusRequestEntityTooLarge,
			Facts:  map[string]string{"Limit": strconv.FormatInt(limit, 10)},
			Header: map[string]string{"Connection": "close"},
		}
	}
	switch {
	case err != nil:
		return 0, nil, badBody("body_incomplete", err.Error())
	case kind == recado.Text && !utf8.Valid(data):
		return 0, nil, badBody("text_invalid", "")
	case kind == recado.JSON:
		var compact bytes.Buffer
		if err := json.Compact(&compact, data); err != nil {
			return 0, nil, badBody("json_invalid", err.Error())
		}
		data = compact.Bytes()
	}
	return kind, data, nil
}

// kindOf is what a body of that type is published as. Forms are text as they stand: it is what curl -d sends.
func kindOf(contentType string) (recado.Kind, error) {
	if contentType == "" {
		return recado.Text, nil
	}
	media, parameters, err := mime.ParseMediaType(contentType)
	charset := strings.ToLower(parameters["charset"])
	switch {
	case err != nil:
		return 0, badBody("content_type_invalid", contentType)
	case media == "application/json":
		return recado.JSON, nil
	case !strings.HasPrefix(media, "text/") && media != "application/x-www-form-urlencoded":
		return recado.Binary, nil
	case charset != "" && charset != "utf-8" && charset != "us-ascii":
		return 0, badBody("content_type_invalid", contentType)
	}
	return recado.Text, nil
}

func badBody(code, why string) error {
	return &recado.Refusal{Code: code, Status: http.StatusBadRequest, Facts: map[string]string{"Reason": why}}
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, v any) error {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body.Bytes()) // the client has left; there is nobody to tell
	return nil
}
