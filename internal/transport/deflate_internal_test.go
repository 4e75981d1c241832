package transport

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"recado"
)

// inflateForTest is inflate with a copy of what it returns.
func inflateForTest(data []byte, limit int) ([]byte, error) {
	in := inflaters.Get().(*inflater)
	defer in.putBack()
	plain, err := in.inflate(data, limit)
	return bytes.Clone(plain), err
}

// FuzzInflate compares with the standard library, which has no limit: no panic, never more than the limit, and
// the same verdict and bytes.
func FuzzInflate(f *testing.F) {
	for _, data := range []string{
		"", "\x00", "\x06", "\xff\xff", "\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
		"\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
		"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "\x02\x03\x00", "\x03\x00\x03\x00\x03\x00\x00",
		"\x00\x04\x00\xfb\xff", "\x00\x09\x00\xf6\xff",
	} {
		f.Add([]byte(data), uint16(100))
	}
	for bits := minWindowBits; bits <= maxWindowBits; bits++ {
		d, err := newDeflater(bits)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(d.deflate([]byte(strings.Repeat("recado ", 300)))), uint16(2000+bits*10))
	}
	f.Fuzz(func(t *testing.T, data []byte, limit uint16) {
		got, err := inflateForTest(data, int(limit))
		want, wantErr := referenceInflate(data)
		var code recado.CloseCode
		switch {
		case wantErr == nil && len(want) > int(limit):
			code = recado.CloseTooBig
		case wantErr != nil: // where it is both, either may be found first
			code = recado.CloseInvalidData
			if codeOf(err) == recado.CloseTooBig {
				code = recado.CloseTooBig
			}
		}
		if codeOf(err) != code || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("inflate(%x, %d) = %x, %v, want %x, %v", data, limit, got, err, want, wantErr)
		}
	})
}

// referenceInflate is inflate by the standard library, up to 1 MiB.
func referenceInflate(data []byte) ([]byte, error) {
	source := bytes.NewReader([]byte(string(data) + syncTail + finalBlock))
	var plain []byte
	for range maxFinalBlocks {
		more, err := io.ReadAll(io.LimitReader(flate.NewReaderDict(source, plain), 1<<20))
		plain = append(plain, more...)
		switch {
		case err != nil:
			return nil, err
		case len(plain) >= 1<<20:
			return nil, errors.New("too big")
		case source.Len() <= len(syncTail)+len(finalBlock):
			return plain, nil
		}
	}
	return nil, errors.New("too many final blocks")
}

// codeOf is the close code that err stands for, 0 for none.
func codeOf(err error) recado.CloseCode {
	if violation, ok := errors.AsType[*closeError](err); ok {
		return violation.code
	}
	return 0
}

// FuzzDeflate proves that what was compressed can be inflated by itself, whatever the deflater did before.
func FuzzDeflate(f *testing.F) {
	f.Add([]byte{}, uint8(15))
	f.Add([]byte("a"), uint8(8))
	f.Add([]byte(strings.Repeat("recado ", 300)), uint8(9))
	f.Add(bytes.Repeat([]byte{0}, 1000), uint8(12))
	deflaters := make(map[int]*deflater)
	for bits := minWindowBits; bits <= maxWindowBits; bits++ {
		d, err := newDeflater(bits)
		if err != nil {
			f.Fatal(err)
		}
		deflaters[bits] = d
	}
	f.Fuzz(func(t *testing.T, data []byte, window uint8) {
		bits := minWindowBits + int(window)%(maxWindowBits-minWindowBits+1)
		for range 2 {
			wantRoundTrip(t, deflaters[bits], bits, data)
		}
	})
}

func wantRoundTrip(t *testing.T, d *deflater, bits int, data []byte) {
	t.Helper()
	short := d.deflate(data)
	if short == nil {
		return
	}
	if len(short) >= len(data) {
		t.Errorf("%d bits: %d bytes became %d", bits, len(data), len(short))
	}
	if got, err := inflateForTest(short, len(data)); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bits: %d bytes came back as %d, %v", bits, len(data), len(got), err)
	}
}

func TestDeflateRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for bits := minWindowBits; bits <= maxWindowBits; bits++ {
		t.Run(fmt.Sprintf("%d bits", bits), func(t *testing.T) {
			d, err := newDeflater(bits)
			if err != nil {
				t.Fatal(err)
			}
			for range 200 {
				data := make([]byte, random.IntN(3<<random.IntN(14)))
				letters := 1 + random.IntN(256)
				for i := range data {
					data[i] = byte(random.IntN(letters))
				}
				wantRoundTrip(t, d, bits, data)
			}
		})
	}
}

// What a message needed is not kept beyond it, when that was much.
func TestInflaterLetsGo(t *testing.T) {
	d, err := newDeflater(maxWindowBits)
	if err != nil {
		t.Fatal(err)
	}
	in := &inflater{reader: inflaters.New().(*inflater).reader}
	if _, err := in.inflate(d.deflate(make([]byte, 4*maxPooled)), 4*maxPooled); err != nil {
		t.Fatal(err)
	}
	in.putBack()
	if cap(in.plain) > maxPooled || cap(in.data) > maxPooled {
		t.Errorf("the pool got buffers of %d and %d bytes", cap(in.plain), cap(in.data))
	}
}
