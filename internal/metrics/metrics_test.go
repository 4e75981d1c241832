package metrics_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"recado"
	"recado/internal/hub"
	"recado/internal/metrics"
	"recado/internal/transport"
)

func newMetrics() *metrics.Metrics {
	return metrics.New(metrics.Config{
		Version: "1.2.3", Log: slog.New(slog.DiscardHandler),
		History: func() metrics.History { return metrics.History{Rooms: 1, Messages: 2, Bytes: 3, Capacity: 4} },
	})
}

// exercised are metrics that have been told of everything at least once.
func exercised() *metrics.Metrics {
	m := newMetrics()
	m.RoomsChanged(2)
	m.MembersChanged(3)
	m.MembersChanged(-1)
	for range 2 {
		m.Connected("recado.v1")
	}
	m.Disconnected("recado.v1", recado.CloseSlow)
	m.Disconnected("recado.v1", 3456)
	m.Published("http", 100, false)
	m.Published("http", 100, true)
	m.Resumed(transport.Expired)
	m.Slow(transport.Overflowed)
	m.Refused("origin_refused")
	m.Erred("rate_limited")
	m.Slowed()
	m.Dropped()
	for _, n := range []int{1, 2, 3, 512, 513} {
		m.Flushed(hub.Tally{Messages: n, Deliveries: 10 * n, Bytes: 100 * n})
	}
	m.Held(1500 * time.Millisecond)
	m.Flushed(hub.Tally{}) // only who comes and goes
	return m
}

// exposed is what Prometheus reads.
func exposed(m *metrics.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

func TestExposition(t *testing.T) {
	got := exposed(exercised())
	for _, line := range []string{
		`recado_rooms 2`,
		`recado_members 2`,
		`recado_connections{protocol="recado.v1"} 0`,
		`recado_connections{protocol="raw"} 0`,
		`recado_connections_opened_total{protocol="recado.v1"} 2`,
		`recado_connections_closed_total{code="4001"} 1`,
		`recado_connections_closed_total{code="other"} 1`,
		`recado_messages_received_total{protocol="http"} 1`,
		`recado_messages_received_total{protocol="raw"} 0`,
		`recado_received_bytes_total{protocol="http"} 100`,
		`recado_messages_duplicate_total{protocol="http"} 1`,
		`recado_messages_delivered_total 10310`,
		`recado_delivered_bytes_total 103100`,
		`recado_batch_messages_bucket{le="1"} 1`,
		`recado_batch_messages_bucket{le="2"} 2`,
		`recado_batch_messages_bucket{le="4"} 3`,
		`recado_batch_messages_bucket{le="256"} 3`,
		`recado_batch_messages_bucket{le="512"} 4`,
		`recado_batch_messages_bucket{le="+Inf"} 5`,
		`recado_batch_messages_sum 1031`,
		`recado_resumes_total{outcome="expired"} 1`,
		`recado_resumes_total{outcome="recovered"} 0`,
		`recado_slow_readers_total{outcome="overflowed"} 1`,
		`recado_requests_refused_total{code="origin_refused"} 1`,
		`recado_errors_sent_total{code="rate_limited"} 1`,
		`recado_messages_slowed_total 1`,
		`recado_publishers_held_seconds_total 1.5`,
		`recado_connections_dropped_total 1`,
		`recado_history_rooms 1`,
		`recado_history_messages 2`,
		`recado_history_bytes 3`,
		`recado_history_capacity_bytes 4`,
	} {
		if !strings.Contains(got, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	if !regexp.MustCompile(`(?m)^recado_build_info\{goversion="go.*",version="1.2.3"\} 1$`).MatchString(got) {
		t.Error("no build info")
	}
	if t.Failed() {
		t.Log(got)
	}
}

// The names and helps are as the ecosystem wants them.
func TestConventions(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(exposed(exercised()))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// A client can close with any code; there are not as many series.
func TestCodesAreFew(t *testing.T) {
	m := newMetrics()
	for code := range 5000 {
		m.Disconnected("raw", recado.CloseCode(code))
	}
	if n := strings.Count(exposed(m), "recado_connections_closed_total{"); n > 30 {
		t.Errorf("%d series", n)
	}
}

func TestCountedConcurrently(t *testing.T) {
	m := newMetrics()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				m.Flushed(hub.Tally{Messages: 1, Deliveries: 2, Bytes: 3})
			}
		})
	}
	exposed(m) // meanwhile
	all.Wait()
	if got := exposed(m); !strings.Contains(got, "\nrecado_messages_delivered_total 16000\n") {
		t.Errorf("deliveries are missing:\n%s", got)
	}
}

var (
	metricName = regexp.MustCompile(`\brecado_[a-z_]+`)
	typeLine   = regexp.MustCompile(`(?m)^# TYPE (recado_\w+) `)
)

// Each metric is described, and each one that is described exists.
func TestDocumented(t *testing.T) {
	text := read(t, "docs/operation.md")
	var names []string
	for _, found := range typeLine.FindAllStringSubmatch(exposed(exercised()), -1) {
		names = append(names, found[1])
		if !strings.Contains(text, "| `"+found[1]+"`") {
			t.Errorf("docs/operation.md: no row for %s", found[1])
		}
	}
	for _, name := range metricName.FindAllString(text, -1) {
		if !slices.Contains(names, name) {
			t.Errorf("docs/operation.md: there is no metric %s", name)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
