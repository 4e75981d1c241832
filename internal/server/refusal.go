package server

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"recado"
	"recado/internal/locale"
)

// refuse answers a request that was not served, in the language that the client asked for, and logs why.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *recado.Refusal
	if errors.As(err, &refusal) {
		s.arrivals.refusals.log("request refused", append(requestPairs(r), refusalPairs(refusal)...)...)
	} else {
		s.config.Log.Error("request failed", append(requestPairs(r), "error", err)...)
		refusal = &recado.Refusal{Code: "internal_error", Status: http.StatusInternalServerError}
	}
	s.refused(refusal.Code)
	texts := s.texts[locale.Accept(r.Header.Get("Accept-Language"))]
	body := refusalBody(texts, refusal)
	header := w.Header()
	for name, value := range refusal.Header {
		header.Set(name, value)
	}
	if r.ContentLength != 0 {
		header.Set("Connection", "close") // or net/http waits for a body that may never come
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Content-Language", string(texts.Language()))
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Vary", "Accept, Accept-Language")
	w.WriteHeader(refusal.Status)
	_, _ = w.Write(body) // the client has left; there is nobody to tell
}

// survive, deferred, logs a panic that serving the request has caused, and lets net/http end its connection and
// nothing else: an answer may be half written.
func (s *Server) survive(r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p != http.ErrAbortHandler { //nolint:errorlint // it is what was given to panic
		s.config.Log.Error("request panicked", append(requestPairs(r), "panic", p, "stack", string(debug.Stack()))...)
		s.refused("internal_error")
	}
	panic(http.ErrAbortHandler)
}

// requestPairs are what the log says of a request.
func requestPairs(r *http.Request) []any {
	pairs := []any{"address", r.RemoteAddr, "method", r.Method, "target", redacted(r.URL)}
	if id := requestID(r); id != "" {
		pairs = append(pairs, "request", id)
	}
	return pairs
}

// refusalPairs are what it says of a refusal: the code and its facts.
func refusalPairs(refusal *recado.Refusal) []any {
	pairs := []any{"status", refusal.Status, "code", refusal.Code}
	for _, fact := range slices.Sorted(maps.Keys(refusal.Facts)) {
		if fact != "Method" && fact != "Path" && fact != "Address" { // they are in the request
			pairs = append(pairs, strings.ToLower(fact), refusal.Facts[fact])
		}
	}
	return pairs
}

func refusalBody(texts *locale.Texts, refusal *recado.Refusal) []byte {
	id := "error." + refusal.Code
	hint := id + ".hint"
	if special := refusal.Facts["Case"]; special != "" {
		hint += "." + special
	}
	var facts []any
	for name, value := range refusal.Facts {
		facts = append(facts, name, value)
	}
	type answer struct {
		Code    string `json:"code"`
		Status  int    `json:"status"`
		Message string `json:"message"`
		Hint    string `json:"hint"`
	}
	body, err := json.Marshal(struct {
		Error answer `json:"error"`
	}{answer{refusal.Code, refusal.Status, texts.Text(id, facts...), texts.Text(hint, facts...)}})
	if err != nil {
		panic(err) // strings and a number
	}
	return append(body, '\n')
}
