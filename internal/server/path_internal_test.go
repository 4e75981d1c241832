package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"recado"
	"recado/internal/broker/memory"

	"golang.org/x/text/unicode/norm"
)

func TestRoomOf(t *testing.T) {
	tests := map[string]struct {
		path, room string
		code       string // of a refusal; "" for none
	}{
		"lobby":            {path: "/", room: "lobby"},
		"name":             {path: "/ops", room: "ops"},
		"case matters":     {path: "/Ops", room: "Ops"},
		"escapes":          {path: "/%6Fps", room: "ops"},
		"composed":         {path: "/reuni%C3%A3o", room: "reuni\u00e3o"},
		"decomposed":       {path: "/reunia%CC%83o", room: "reuni\u00e3o"},
		"percent, escaped": {path: "/a%2562", code: "room_name_invalid"},
		"plus":             {path: "/a+b", code: "room_name_invalid"},
		"reserved":         {path: "/healthz", code: "not_found"},
		"two segments":     {path: "/a/b", code: "not_found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			room, err := roomOf(tt.path)
			refusal, refused := errors.AsType[*recado.Refusal](err)
			if room != tt.room || refused != (tt.code != "") || refused && refusal.Code != tt.code {
				t.Errorf("roomOf(%q) = %q, %v, want %q and the refusal %q", tt.path, room, err, tt.room, tt.code)
			}
		})
	}
}

// FuzzPath looks for a target that gets past the rules, is redirected, or means two things.
func FuzzPath(f *testing.F) {
	for _, target := range []string{
		"/", "/ops", "//ops", "/..", "/%2e%2e", "/a%2fb", "/%00", "/.x", "/a/../b", "/reunia%CC%83o", "/%252e", "/a;b",
		"/v1", "/assets/", "/assets//x", "/a%", "/ops?echo=1#x", "http://localhost", "http://localhost/ops", "*", "/%EF%BC%8F",
	} {
		f.Add(target)
	}
	s, err := New(Config{Broker: memory.New(recado.Limits{}), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Stop(context.Background(), recado.CloseGoingAway) })
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || checkPath(u.EscapedPath()) != nil {
			return
		}
		answer := httptest.NewRecorder()
		s.routes.ServeHTTP(answer, &http.Request{Method: http.MethodGet, URL: u, Host: "localhost", Header: http.Header{}})
		if answer.Code >= 300 && answer.Code < 400 {
			t.Errorf("%q: redirected with %d to %q", target, answer.Code, answer.Header().Get("Location"))
		}
		room, err := roomOf(u.EscapedPath())
		if err != nil {
			return
		}
		if recado.CheckRoom(room) != nil || !norm.NFC.IsNormalString(room) {
			t.Errorf("%q: the room %q is not a name", target, room)
		}
		if again, err := roomOf("/" + url.PathEscape(room)); err != nil || again != room {
			t.Errorf("%q: the room %q is %q, %v at its own address", target, room, again, err)
		}
	})
}
