package transport

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/protocol/raw"
)

// Reading a message and taking its mask off, in stretches as they come from a socket.
func BenchmarkFeed(b *testing.B) {
	for _, tt := range []struct {
		name string
		size int
	}{{"64B", 64}, {"16KiB", 16 << 10}} {
		b.Run(tt.name, func(b *testing.B) {
			reader := frameReader{messageLimit: 1 << 20, fragmentLimit: 100}
			// The mask turns ASCII into ASCII: what one turn has unmasked is masked again in the next, and still text.
			frame := []byte(clientFrame(0x81, strings.Repeat("a", tt.size)))
			b.ReportAllocs()
			b.SetBytes(int64(tt.size))
			for b.Loop() {
				for stretch := range slices.Chunk(frame, readBufferSize) {
					if err := reader.feed(stretch, discard{}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// Making the frame that all members of a room share.
func BenchmarkEncoding(b *testing.B) {
	for _, tt := range []struct {
		name       string
		format     format
		windowBits int
		size       int
	}{
		{"raw/64B", raw.Format{}, 0, 64},
		{"raw/1KiB", raw.Format{}, 0, 1 << 10},
		{"deflate/1KiB", raw.Format{}, maxWindowBits, 1 << 10},
		{"v1/64B", v1Format{}, 0, 64},
		{"v1/1KiB", v1Format{}, 0, 1 << 10},
	} {
		b.Run(tt.name, func(b *testing.B) {
			e := newEncoding(tt.format, tt.windowBits, 512)
			m := &recado.Message{Seq: 123456, Prev: 123455, Name: "ana", Kind: recado.Text, Data: prose(tt.size)}
			var frame []byte
			b.ReportAllocs()
			for b.Loop() {
				frame = e.Append(frame[:0], m)
			}
			b.ReportMetric(float64(len(frame)), "wire-bytes/message")
		})
	}
}

// prose is text that compresses about as what people write.
func prose(size int) []byte {
	words := strings.Fields("a sala ouve quem fala e responde depois de um tempo porque a mensagem inteira veio ontem ou hoje cedo")
	random := rand.New(rand.NewPCG(1, 2)) // the same each time
	var b []byte
	for len(b) < size {
		b = append(append(b, words[random.IntN(len(words))]...), ' ')
	}
	return b[:size]
}

// discard hears nothing.
type discard struct{}

func (discard) handleMessage(recado.Kind, []byte) error { return nil }
func (discard) handleControl(ws.OpCode, []byte) error   { return nil }
