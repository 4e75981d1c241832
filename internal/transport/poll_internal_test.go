package transport

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// An answer that breaks off does not look like a whole one.
func TestPollBreaksOff(t *testing.T) {
	b := &interposed{Broker: memory.New(recado.Limits{})}
	w := New(hub.New(b, recado.Limits{}), Config{})
	defer func() { _ = w.Close(t.Context(), recado.CloseGoingAway) }()
	publish(t, w, pollPage+1, 1000)
	b.then = func(int64) { _ = b.Close() }
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := w.Poll(rw, r, Join{Room: "ops"}, JSONLines); err != nil {
			t.Errorf("Poll = %v", err)
		}
	}))
	defer server.Close()
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if n := bytes.Count(body, []byte("\n")); !errors.Is(err, io.ErrUnexpectedEOF) || n > pollPage || bytes.Contains(body, []byte("gap")) {
		t.Errorf("read %d lines, %v, the last of them %q", n, err, body[max(0, len(body)-100):])
	}
}
