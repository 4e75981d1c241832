package report

import (
	"slices"
	"strings"
)

// A kind is what a figure counts.
type kind int

const (
	count    kind = iota
	rate          // a second
	duration      // nanoseconds
	size          // bytes
)

// A metric is a figure of a report with a name, by which conditions speak of it.
type metric struct {
	name  string
	kind  kind
	group int // in the table
	value func(*Report) (value float64, measured bool)
}

// metrics are all figures, in the table's order.
func metrics() []metric {
	ms := func(get func(*Traffic) float64) func(*Report) (float64, bool) {
		return func(r *Report) (float64, bool) {
			if r.Traffic == nil || r.Traffic.Deliveries == 0 {
				return 0, false
			}
			return get(r.Traffic) * 1e6, true
		}
	}
	whole := func(get func(*Traffic) int64) func(*Report) (float64, bool) {
		return traffic(func(t *Traffic) float64 { return float64(get(t)) })
	}
	return []metric{
		{"deliveries", rate, 0, traffic(func(t *Traffic) float64 { return t.PerSecond })},
		{"messages", rate, 0, traffic(func(t *Traffic) float64 { return t.Messages })},
		{"p50", duration, 1, ms(func(t *Traffic) float64 { return t.P50 })},
		{"p90", duration, 1, ms(func(t *Traffic) float64 { return t.P90 })},
		{"p99", duration, 1, ms(func(t *Traffic) float64 { return t.P99 })},
		{"p99.9", duration, 1, ms(func(t *Traffic) float64 { return t.P999 })},
		{"max", duration, 1, ms(func(t *Traffic) float64 { return t.Max })},
		{"lost", count, 2, whole(func(t *Traffic) int64 { return t.Lost })},
		{"duplicated", count, 2, whole(func(t *Traffic) int64 { return t.Duplicated })},
		{"out-of-order", count, 2, whole(func(t *Traffic) int64 { return t.OutOfOrder })},
		{"echoed", count, 2, whole(func(t *Traffic) int64 { return t.Echoed })},
		{"foreign", count, 2, whole(func(t *Traffic) int64 { return t.Foreign })},
		{"connect", rate, 3, func(r *Report) (float64, bool) { return r.Connect.PerSecond, true }},
		{"connect-p50", duration, 3, func(r *Report) (float64, bool) { return r.Connect.P50 * 1e6, true }},
		{"connect-p99", duration, 3, func(r *Report) (float64, bool) { return r.Connect.P99 * 1e6, true }},
		{"joins", rate, 4, churn(func(c *Churn) float64 { return c.PerSecond })},
		{"join-p50", duration, 4, churn(func(c *Churn) float64 { return c.P50 * 1e6 })},
		{"join-p99", duration, 4, churn(func(c *Churn) float64 { return c.P99 * 1e6 })},
		{"join-failed", count, 4, churn(func(c *Churn) float64 { return float64(c.Failed) })},
		{"cpu", duration, 5, func(r *Report) (float64, bool) {
			if r.Server == nil || r.Traffic == nil || r.Traffic.Deliveries == 0 {
				return 0, false
			}
			return r.Server.CPU * 1000, true
		}},
		{"memory", size, 5, func(r *Report) (float64, bool) {
			if r.Server == nil {
				return 0, false
			}
			return r.Server.Each, true
		}},
		{"generator-cpu", duration, 6, func(r *Report) (float64, bool) {
			if r.Generator == nil || r.Traffic == nil || r.Traffic.Deliveries == 0 {
				return 0, false
			}
			return r.Generator.CPU * 1000, true
		}},
	}
}

// textID is of the metric's name for people.
func (m metric) textID() string {
	return "bench.metric." + strings.NewReplacer(".", "_", "-", "_").Replace(m.name)
}

func traffic(get func(*Traffic) float64) func(*Report) (float64, bool) {
	return func(r *Report) (float64, bool) {
		if r.Traffic == nil {
			return 0, false
		}
		return get(r.Traffic), true
	}
}

func churn(get func(*Churn) float64) func(*Report) (float64, bool) {
	return func(r *Report) (float64, bool) {
		if r.Churn == nil {
			return 0, false
		}
		return get(r.Churn), true
	}
}

// MetricNames are those that a condition may have.
func MetricNames() (names []string) {
	for _, m := range metrics() {
		names = append(names, m.name)
	}
	return names
}

func findMetric(name string) (metric, bool) {
	all := metrics()
	i := slices.IndexFunc(all, func(m metric) bool { return m.name == name })
	if i < 0 {
		return metric{}, false
	}
	return all[i], true
}
