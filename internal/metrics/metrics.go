// Package metrics counts what hub, transport and server tell, and shows it to Prometheus. No label grows with
// rooms, names or addresses. It knows nothing of who may see the numbers.
package metrics

import (
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"recado"
	"recado/internal/hub"
	"recado/internal/transport"
)

// Config is what New needs.
type Config struct {
	Version string // of the program
	// History is what the broker keeps at this moment; nil: nothing is told of it. It may be called concurrently.
	History func() History
	Log     *slog.Logger // of what cannot be collected
}

// History is what a broker keeps of all rooms.
type History struct {
	Rooms, Messages int
	Bytes, Capacity int
}

// Metrics are all the numbers of one server. They count from New on.
type Metrics struct {
	registry *prometheus.Registry
	log      *slog.Logger

	rooms, members prometheus.Gauge
	flushes        flushes
	published      map[string]published // by protocol
	connections    *prometheus.GaugeVec
	opened, closed *prometheus.CounterVec
	resumes, slow  *prometheus.CounterVec
	refused, erred *prometheus.CounterVec

	dropped, slowed, held prometheus.Counter
}

// published counts the messages of one protocol. It is looked up for each of them, so not by its label.
type published struct{ messages, bytes, duplicates prometheus.Counter }

var (
	_ hub.Observer       = (*Metrics)(nil)
	_ transport.Observer = (*Metrics)(nil)
)

// New makes metrics that are all zero.
func New(c Config) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), log: c.Log}
	m.rooms = m.gauge("recado_rooms", "Rooms that somebody is in, or may return to within 15 seconds.")
	m.members = m.gauge("recado_members", "Members of all rooms; a connection of recado.v1 is one after its hello.")
	m.connections = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "recado_connections", Help: "Open connections of clients.",
	}, []string{"protocol"})
	m.registry.MustRegister(m.connections)
	m.opened = m.counters("recado_connections_opened_total", "Connections of clients that were opened.", "protocol")
	m.closed = m.counters("recado_connections_closed_total", "Connections of clients that have ended, by close code; 1006 is no code.", "code")
	messages := m.counters("recado_messages_received_total", "Messages that were published, duplicates not among them.", "protocol")
	bytes := m.counters("recado_received_bytes_total", "Bytes of the messages that were published, without framing.", "protocol")
	duplicates := m.counters("recado_messages_duplicate_total", "Messages that were sent again and recognised by their id.", "protocol")
	m.published = make(map[string]published)
	for _, protocol := range []string{"raw", "recado.v1", "http"} {
		m.published[protocol] = published{
			messages.WithLabelValues(protocol), bytes.WithLabelValues(protocol), duplicates.WithLabelValues(protocol),
		}
	}
	m.resumes = m.counters("recado_resumes_total", "Clients that came back with a position: recovered, or why not.", "outcome")
	m.slow = m.counters("recado_slow_readers_total", "Clients that did not read what waited for them.", "outcome")
	m.refused = m.counters("recado_requests_refused_total", "Requests and handshakes that were refused, by error code.", "code")
	m.erred = m.counters("recado_errors_sent_total", "Errors that clients of recado.v1 were sent, by code.", "code")
	m.dropped = m.counter("recado_connections_dropped_total", "Connections that were closed at once, without an answer.")
	m.slowed = m.counter("recado_messages_slowed_total", "Messages after which a connection over its rate was read more slowly.")
	m.held = m.counter("recado_publishers_held_seconds_total", "Time that publishers have waited for readers who lag.")
	m.preset()
	m.registry.MustRegister(&m.flushes, build(c.Version), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if c.History != nil {
		m.registry.MustRegister(historyCollector(c.History))
	}
	return m
}

// Handler shows the numbers, as text or as OpenMetrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: errorLog{m.log}, ErrorHandling: promhttp.ContinueOnError, EnableOpenMetrics: true,
	})
}

// RoomsChanged counts rooms.
func (m *Metrics) RoomsChanged(by int) { m.rooms.Add(float64(by)) }

// MembersChanged counts members.
func (m *Metrics) MembersChanged(by int) { m.members.Add(float64(by)) }

// Flushed counts what a flush has brought.
func (m *Metrics) Flushed(t hub.Tally) { m.flushes.add(t) }

// Held counts a wait of a publisher.
func (m *Metrics) Held(d time.Duration) { m.held.Add(d.Seconds()) }

// Connected counts a connection.
func (m *Metrics) Connected(protocol string) {
	m.connections.WithLabelValues(protocol).Inc()
	m.opened.WithLabelValues(protocol).Inc()
}

// Disconnected counts its end.
func (m *Metrics) Disconnected(protocol string, code recado.CloseCode) {
	m.connections.WithLabelValues(protocol).Dec()
	m.closed.WithLabelValues(codeLabel(code)).Inc()
}

// Published counts a message that came as raw, recado.v1 or http; streams bring none.
func (m *Metrics) Published(protocol string, size int, duplicate bool) {
	to := m.published[protocol]
	if duplicate {
		to.duplicates.Inc()
		return
	}
	to.messages.Inc()
	to.bytes.Add(float64(size))
}

// Slowed counts a message of a connection that is over its rate.
func (m *Metrics) Slowed() { m.slowed.Inc() }

// Erred counts an error of recado.v1.
func (m *Metrics) Erred(code string) { m.erred.WithLabelValues(code).Inc() }

// Dropped counts a connection that nobody was spared for.
func (m *Metrics) Dropped() { m.dropped.Inc() }

// Resumed counts a client that came back.
func (m *Metrics) Resumed(o transport.Outcome) { m.resumes.WithLabelValues(string(o)).Inc() }

// Slow counts a client that does not read.
func (m *Metrics) Slow(f transport.Fate) { m.slow.WithLabelValues(string(f)).Inc() }

// Refused counts a request that was answered with that error.
func (m *Metrics) Refused(code string) { m.refused.WithLabelValues(code).Inc() }

// preset shows as zero what can be foreseen, so that a first time is seen as a change.
func (m *Metrics) preset() {
	for _, protocol := range []string{"raw", "recado.v1", "sse", "ndjson", "text"} {
		m.connections.WithLabelValues(protocol)
		m.opened.WithLabelValues(protocol)
	}
	for _, outcome := range []transport.Outcome{transport.Recovered, transport.Expired, transport.OtherEpoch} {
		m.resumes.WithLabelValues(string(outcome))
	}
	for _, fate := range []transport.Fate{transport.Overflowed, transport.Stalled, transport.Skipped} {
		m.slow.WithLabelValues(string(fate))
	}
	for _, code := range []recado.CloseCode{recado.CloseNormal, recado.CloseGoingAway, recado.CloseAbnormal, recado.CloseSlow} {
		m.closed.WithLabelValues(codeLabel(code))
	}
}

func (m *Metrics) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	m.registry.MustRegister(g)
	return g
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) counters(name, help, label string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	m.registry.MustRegister(v)
	return v
}

// codeLabel is "other" for the codes that only clients use: they can choose among thousands.
func codeLabel(code recado.CloseCode) string {
	if code.Reason() == "" && code != recado.CloseNoStatus && code != recado.CloseAbnormal {
		return "other"
	}
	return strconv.Itoa(int(code))
}

// build is the number 1, with what is running as labels.
func build(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "recado_build_info", Help: "1, with the version of the program and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}

type errorLog struct{ log *slog.Logger }

func (e errorLog) Println(v ...any) { e.log.Error("metrics not collected", "error", v) }
