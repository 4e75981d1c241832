package metrics

import (
	"math/bits"
	"math/rand/v2"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"recado/internal/hub"
)

const (
	// stripes keep cores that flush different rooms from waiting for one counter.
	stripes = 16
	// buckets of batches with at most 1, 2, 4 … 512 messages, and of larger ones.
	buckets = 11
)

// flushes counts what flushes bring. There can be a million a second, so it is a few additions to memory that other
// cores rarely use.
type flushes struct{ stripes [stripes]stripe }

// A stripe is two cache lines, which no other one shares.
type stripe struct {
	messages, deliveries, bytes atomic.Uint64
	batches                     [buckets]atomic.Uint64
	_                           [2]uint64
}

//nolint:gochecknoglobals // constants
var (
	deliveredDesc = prometheus.NewDesc("recado_messages_delivered_total",
		"Messages times the members who received them live.", nil, nil)
	deliveredBytesDesc = prometheus.NewDesc("recado_delivered_bytes_total",
		"Bytes of these deliveries, with their framing.", nil, nil)
	batchDesc = prometheus.NewDesc("recado_batch_messages",
		"How many messages of a room were written to its members at once.", nil, nil)
)

// Describe says what Collect will yield.
func (f *flushes) Describe(to chan<- *prometheus.Desc) {
	to <- deliveredDesc
	to <- deliveredBytesDesc
	to <- batchDesc
}

// Collect yields the sums of all stripes.
func (f *flushes) Collect(to chan<- prometheus.Metric) {
	var messages, deliveries, bytes, count uint64
	upTo := make(map[float64]uint64, buckets-1)
	for i := range f.stripes {
		s := &f.stripes[i]
		messages += s.messages.Load()
		deliveries += s.deliveries.Load()
		bytes += s.bytes.Load()
	}
	for b := range buckets {
		for i := range f.stripes {
			count += f.stripes[i].batches[b].Load()
		}
		if b < buckets-1 {
			upTo[float64(int(1)<<b)] = count
		}
	}
	to <- prometheus.MustNewConstMetric(deliveredDesc, prometheus.CounterValue, float64(deliveries))
	to <- prometheus.MustNewConstMetric(deliveredBytesDesc, prometheus.CounterValue, float64(bytes))
	to <- prometheus.MustNewConstHistogram(batchDesc, count, float64(messages), upTo)
}

// add counts one flush.
func (f *flushes) add(t hub.Tally) {
	if t.Messages == 0 {
		return
	}
	s := &f.stripes[rand.Uint32()%stripes] //nolint:gosec // any will do
	s.messages.Add(uint64(t.Messages))
	s.deliveries.Add(uint64(t.Deliveries))
	s.bytes.Add(uint64(t.Bytes))
	s.batches[min(bits.Len(uint(t.Messages-1)), buckets-1)].Add(1)
}
