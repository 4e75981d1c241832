package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/server"
)

// announcedAs is what /v1/info calls a setting that bounds something; "" is not announced.
var announcedAs = map[string]string{
	"limits.message_size":       "message_bytes",
	"limits.message_rate":       "messages_per_second",
	"limits.message_burst":      "messages_burst",
	"limits.queue":              "queue_bytes",
	"limits.queue_stall":        "queue_stall_seconds",
	"limits.queue_policy":       "", // it is the room's
	"limits.control_rate":       "controls_per_second",
	"limits.control_burst":      "controls_burst",
	"limits.fragments":          "fragments",
	"limits.connections":        "connections",
	"limits.connections_per_ip": "connections_per_ip",
	"limits.connect_rate":       "connects_per_second",
	"limits.connect_burst":      "connects_burst",
	"limits.auth_failures":      "auth_failures_per_minute",
	"limits.rooms":              "rooms",
	"limits.members_listed":     "members_listed",
	"limits.hello":              "hello_seconds",
	"limits.handshake":          "handshake_seconds",
	"limits.handshake_size":     "handshake_bytes",
	"limits.handshake_headers":  "handshake_headers",
	"history.messages":          "history_messages",
	"history.age":               "history_seconds",
	"history.bytes":             "history_bytes",
	"history.total_bytes":       "history_total_bytes",
	"shutdown.drain":            "drain_seconds",
	"ping.interval":             "ping_seconds",
	"ping.timeout":              "ping_timeout_seconds",
}

// Each limit that can be set is announced, and what is announced is what was set.
func TestLimitsAreAnnounced(t *testing.T) {
	standard := announcement(t)
	named := map[string]bool{"token_bytes": true} // cannot be set
	for _, s := range newConfig().settings() {
		group, _, _ := strings.Cut(s.key, ".")
		if !strings.Contains("limits history shutdown ping", group) {
			continue
		}
		name, known := announcedAs[s.key]
		if !known {
			t.Errorf("%s is a limit that /v1/info does not announce", s.key)
		}
		if named[name] = true; name == "" {
			continue
		}
		value, want := "77", 77.0
		switch s.value.Type() {
		case "size":
			value, want = "77KiB", 77<<10
		case "duration":
			value = "77s"
		}
		if got, there := announcement(t, "--"+s.flag()+"="+value)[name]; !there || got != want || got == standard[name] {
			t.Errorf("--%s=%s is announced as %s = %v, the default as %v", s.flag(), value, name, got, standard[name])
		}
	}
	for name := range standard {
		if !named[name] {
			t.Errorf("%s is announced, and none of the settings", name)
		}
	}
}

// announcement are the limits in /v1/info of a server with these flags.
func announcement(t *testing.T, flags ...string) map[string]float64 {
	t.Helper()
	c, err := configured(flags, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	broker := memory.New(c.limits)
	defer broker.Close()
	relay, err := server.New(c.server(broker, slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatalf("%v: %v", flags, err)
	}
	defer func() { _ = relay.Stop(t.Context(), recado.CloseGoingAway) }()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/v1/info", nil)
	relay.Handler().ServeHTTP(w, r)
	var answer struct{ Limits map[string]float64 }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return answer.Limits
}
