package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProfileIsForThisMachine(t *testing.T) {
	for name, tt := range map[string]struct {
		peer, host, header string
		status             int
	}{
		"a program here":   {"127.0.0.1:1", "localhost:6060", "", http.StatusOK},
		"another machine":  {"192.0.2.1:1", "localhost:6060", "", http.StatusForbidden},
		"DNS rebinding":    {"127.0.0.1:1", "evil.example", "", http.StatusForbidden},
		"through a proxy":  {"127.0.0.1:1", "localhost:6060", "X-Forwarded-For", http.StatusForbidden},
		"a page of others": {"127.0.0.1:1", "localhost:6060", "Origin", http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/debug/pprof/goroutine?debug=1", nil)
			r.RemoteAddr, r.Host = tt.peer, tt.host
			if tt.header != "" {
				r.Header.Set(tt.header, "x")
			}
			w := httptest.NewRecorder()
			serveProfile(w, r)
			if w.Code != tt.status || (w.Code == http.StatusOK) != strings.Contains(w.Body.String(), "goroutine profile:") {
				t.Errorf("status %d, %.100q, want %d", w.Code, w.Body, tt.status)
			}
		})
	}
}

func TestProfileListener(t *testing.T) {
	s := &serving{config: newConfig(), log: slog.New(slog.DiscardHandler)}
	stop, err := s.profile(t.Context())
	if err != nil {
		t.Fatalf("without --pprof: %v", err)
	}
	stop()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	s.config.pprof = "localhost:" + port
	if stop, err = s.profile(t.Context()); err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get("http://" + s.config.pprof + "/debug/pprof/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("status %s", answer.Status)
	}
	if _, err := s.profile(t.Context()); err == nil || !strings.Contains(err.Error(), "pprof_failed") {
		t.Errorf("a second one at the same address: %v, want pprof_failed", err)
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if conn, err := net.Dial("tcp", s.config.pprof); err == nil {
		conn.Close()
		t.Error("it listens after stop")
	}
}
