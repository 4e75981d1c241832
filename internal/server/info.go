package server

import (
	"net/http"
	"time"

	"recado"
	"recado/internal/auth"
)

type infoAnswer struct {
	Version string             `json:"version"`
	TLS     bool               `json:"tls"`
	Clients int                `json:"clients"`
	Rooms   int                `json:"rooms"`
	Open    bool               `json:"open"`
	LAN     []string           `json:"lan,omitempty"`
	Limits  map[string]float64 `json:"limits"`
}

// info says what a client may want to know before it does anything.
func (s *Server) info(w http.ResponseWriter, _ *http.Request) error {
	everything, err := recado.Identify(s.config.Authenticator, "")
	return writeJSON(w, infoAnswer{
		Version: s.config.Version, TLS: s.config.TLS != nil, Clients: s.Clients(), Rooms: s.hub.Rooms(),
		Open: err == nil && everything == nil, LAN: s.LAN(), Limits: announced(s.limits()),
	})
}

// announced are the limits as programs read them: 0 is no limit, or none of what is limited. What happens in
// the rooms of a pattern is not among them.
func announced(l *recado.Limits) map[string]float64 {
	count := func(n int) float64 { return float64(max(n, 0)) }
	seconds := func(d time.Duration) float64 { return max(d.Seconds(), 0) }
	return map[string]float64{
		"message_bytes":            count(l.MessageSize),
		"messages_per_second":      count(l.MessageRate),
		"messages_burst":           count(l.MessageBurst),
		"queue_bytes":              count(l.Queue),
		"queue_stall_seconds":      seconds(l.QueueStall),
		"controls_per_second":      count(l.ControlRate),
		"controls_burst":           count(l.ControlBurst),
		"fragments":                count(l.Fragments),
		"connections":              count(l.Connections),
		"connections_per_ip":       count(l.ConnectionsPerIP),
		"connects_per_second":      count(l.ConnectRate),
		"connects_burst":           count(l.ConnectBurst),
		"auth_failures_per_minute": count(l.AuthFailures),
		"token_bytes":              auth.MaxToken,
		"rooms":                    count(l.Rooms),
		"members_listed":           count(l.MembersListed),
		"hello_seconds":            seconds(l.HelloTimeout),
		"handshake_seconds":        seconds(l.HeaderTimeout),
		"handshake_bytes":          count(l.HeaderBytes),
		"handshake_headers":        count(l.HeaderCount),
		"history_messages":         count(l.HistoryMessages),
		"history_seconds":          seconds(l.HistoryAge),
		"history_bytes":            count(l.HistoryBytes),
		"history_total_bytes":      count(l.HistoryTotalBytes),
		"drain_seconds":            seconds(l.Drain),
		"ping_seconds":             seconds(l.PingInterval),
		"ping_timeout_seconds":     seconds(l.PingTimeout),
	}
}
