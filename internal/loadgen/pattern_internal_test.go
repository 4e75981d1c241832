package loadgen

import (
	"testing"
	"unicode"

	"github.com/gobwas/ws"
)

func TestSpread(t *testing.T) {
	for _, x := range []uint64{0, 1, 63, 64, 1<<24 - 1, 1 << 24, 0x0123456789ab, 1<<48 - 1} {
		spread := spread(x)
		if got, ok := gather(spread); !ok || got != x {
			t.Errorf("gather(spread(%x)) = %x, %v", x, got, ok)
		}
		for shift := 0; shift < 64; shift += 8 {
			if c := rune(byte(spread >> shift)); c > unicode.MaxASCII || !unicode.IsPrint(c) || c == '"' || c == '\\' {
				t.Errorf("spread(%x) = %x contains %q", x, spread, c)
			}
		}
	}
	for _, x := range []uint64{0x30303030_30303030, 0x40404040_4040405c, 0x7d404040_40404040, 0x40404040_ff404040} {
		if y, ok := gather(x); ok {
			t.Errorf("gather(%x) = %x, though spread does not write that", x, y)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, size := range []int{MinSize, 64, 125, 126, 1000, 65535, 65536, 100_000} {
		p := newPattern(size, ws.OpText)
		frame := p.clientFrame()
		p.identify(frame, 513, 70_000)
		payload := frame[len(frame)-size:]
		if sender, number, ok := p.read(payload); !ok || sender != 513 || number != 70_000 {
			t.Errorf("size %d: read(identify(513, 70000)) = %d, %d, %v", size, sender, number, ok)
		}
		other := newPattern(size, ws.OpText)
		if _, _, ok := other.read(payload); ok {
			t.Errorf("size %d: another run's message is taken for one of this run", size)
		}
		payload[size-1]++
		if _, _, ok := p.read(payload); ok {
			t.Errorf("size %d: a changed message is taken for one of this run", size)
		}
	}
}
