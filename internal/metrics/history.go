package metrics

import "github.com/prometheus/client_golang/prometheus"

// A historyCollector asks the broker when it is asked itself.
type historyCollector func() History

//nolint:gochecknoglobals // constants
var (
	historyRoomsDesc    = prometheus.NewDesc("recado_history_rooms", "Rooms of which messages are kept.", nil, nil)
	historyMessagesDesc = prometheus.NewDesc("recado_history_messages", "Messages that are kept.", nil, nil)
	historyBytesDesc    = prometheus.NewDesc("recado_history_bytes", "Memory that they take, about.", nil, nil)
	historyCapacityDesc = prometheus.NewDesc("recado_history_capacity_bytes", "Memory that they may take.", nil, nil)
)

// Describe says what Collect will yield.
func (historyCollector) Describe(to chan<- *prometheus.Desc) {
	to <- historyRoomsDesc
	to <- historyMessagesDesc
	to <- historyBytesDesc
	to <- historyCapacityDesc
}

// Collect yields what is kept at this moment.
func (ask historyCollector) Collect(to chan<- prometheus.Metric) {
	h := ask()
	gauge := func(d *prometheus.Desc, n int) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n))
	}
	gauge(historyRoomsDesc, h.Rooms)
	gauge(historyMessagesDesc, h.Messages)
	gauge(historyBytesDesc, h.Bytes)
	gauge(historyCapacityDesc, h.Capacity)
}
