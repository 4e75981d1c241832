package transport_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// inflate decompresses one message in a window of that many bits: by the standard library if it is the one
// that this has, else by the strict inflater below.
func inflate(message []byte, windowBits int) ([]byte, error) {
	if windowBits < 15 {
		return inflateWithin(message, 1<<windowBits)
	}
	const end = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
	return io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(message), strings.NewReader(end))))
}

var errTruncated = errors.New("deflate data ends too early")

// inflateWithin decompresses one message (RFC 7692, section 7.2.2, and RFC 1951) as a peer with a window of
// that many bytes does: it fails at the first back-reference that reaches farther.
func inflateWithin(message []byte, window int) ([]byte, error) {
	in := &strictInflater{data: append(bytes.Clone(message), 0, 0, 0xff, 0xff), window: window}
	for in.at < len(in.data) {
		if err := in.block(); err != nil {
			return nil, err
		}
	}
	return in.out, nil
}

// A strictInflater reads DEFLATE bit by bit: slow, simple, and written for these tests, so that it shares no
// mistake with what it judges.
type strictInflater struct {
	data   []byte
	at     int  // byte
	bit    uint // of data[at]
	window int
	out    []byte
}

// block decodes one block (RFC 1951, section 3.2.3).
func (in *strictInflater) block() error {
	final, err := in.bits(1)
	if err != nil {
		return err
	}
	kind, err := in.bits(2)
	if err != nil {
		return err
	}
	switch kind {
	case 0:
		err = in.stored()
	case 1:
		err = in.symbols(fixedCode(), newCode(bytes.Repeat([]byte{5}, 30)))
	case 2:
		err = in.dynamic()
	default:
		err = errors.New("reserved block type")
	}
	if final == 1 && in.bit > 0 {
		in.at, in.bit = in.at+1, 0
	}
	return err
}

func (in *strictInflater) stored() error {
	if in.bit > 0 {
		in.at, in.bit = in.at+1, 0
	}
	length, err := in.bits(16)
	if err != nil {
		return err
	}
	complement, err := in.bits(16)
	switch {
	case err != nil:
		return err
	case length^complement != 0xffff:
		return errors.New("stored block with a wrong length")
	case in.at+length > len(in.data):
		return errTruncated
	}
	in.out = append(in.out, in.data[in.at:in.at+length]...)
	in.at += length
	return nil
}

// dynamic reads the codes of a block and then the block (RFC 1951, section 3.2.7).
func (in *strictInflater) dynamic() error {
	var counts [3]int
	for i, n := range []uint{5, 5, 4} {
		var err error
		if counts[i], err = in.bits(n); err != nil {
			return err
		}
	}
	literals, distances := counts[0]+257, counts[1]+1
	var lengths [19]byte
	for _, i := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:counts[2]+4] {
		n, err := in.bits(3)
		if err != nil {
			return err
		}
		lengths[i] = byte(n)
	}
	all, err := in.codeLengths(newCode(lengths[:]), literals+distances)
	if err != nil {
		return err
	}
	return in.symbols(newCode(all[:literals]), newCode(all[literals:]))
}

func (in *strictInflater) codeLengths(c code, n int) ([]byte, error) {
	var all []byte
	for len(all) < n {
		symbol, err := in.symbol(c)
		if err != nil {
			return nil, err
		}
		if symbol < 16 {
			all = append(all, byte(symbol))
			continue
		}
		repeat := []struct {
			bits uint
			base int
		}{{2, 3}, {3, 3}, {7, 11}}[symbol-16]
		more, err := in.bits(repeat.bits)
		if err != nil {
			return nil, err
		}
		value := byte(0)
		if symbol == 16 {
			if len(all) == 0 {
				return nil, errors.New("a repeated length without one before it")
			}
			value = all[len(all)-1]
		}
		all = append(all, bytes.Repeat([]byte{value}, repeat.base+more)...)
	}
	if len(all) > n {
		return nil, errors.New("too many code lengths")
	}
	return all, nil
}

// symbols decodes literals and back-references up to the end of the block (RFC 1951, section 3.2.5).
func (in *strictInflater) symbols(literals, distances code) error {
	for {
		symbol, err := in.symbol(literals)
		switch {
		case err != nil:
			return err
		case symbol < 256:
			in.out = append(in.out, byte(symbol))
			continue
		case symbol == 256:
			return nil
		case symbol > 285:
			return errors.New("reserved length symbol")
		}
		length := 258 // what symbol 285 means
		if symbol < 285 {
			if length, err = in.extended(symbol-257, 4, 3); err != nil {
				return err
			}
		}
		if symbol, err = in.symbol(distances); err != nil {
			return err
		}
		if symbol > 29 {
			return errors.New("reserved distance symbol")
		}
		distance, err := in.extended(symbol, 2, 1)
		switch {
		case err != nil:
			return err
		case distance > in.window || distance > len(in.out):
			return fmt.Errorf("back-reference to %d bytes before, with %d there and a window of %d", distance, len(in.out), in.window)
		}
		for range length {
			in.out = append(in.out, in.out[len(in.out)-distance])
		}
	}
}

// extended is the value of a length or distance symbol with its extra bits: the first `per` pairs need none,
// then each further group of `per` one bit more.
func (in *strictInflater) extended(symbol, per, base int) (int, error) {
	if symbol < 2*per {
		return base + symbol, nil
	}
	n := symbol/per - 1
	extra, err := in.bits(uint(n))
	return base + (per+symbol%per)<<n + extra, err
}

func (in *strictInflater) bits(n uint) (int, error) {
	value := 0
	for i := range n {
		if in.at >= len(in.data) {
			return 0, errTruncated
		}
		value |= int(in.data[in.at]>>in.bit&1) << i
		if in.bit++; in.bit == 8 {
			in.at, in.bit = in.at+1, 0
		}
	}
	return value, nil
}

// A code is a canonical Huffman code: per length, the first code word and the symbols in order.
type code struct {
	first   [16]int
	symbols [16][]int
}

func newCode(lengths []byte) code {
	var c code
	for symbol, n := range lengths {
		if n > 0 {
			c.symbols[n] = append(c.symbols[n], symbol)
		}
	}
	for n := 1; n < 15; n++ {
		c.first[n+1] = (c.first[n] + len(c.symbols[n])) << 1
	}
	return c
}

func fixedCode() code {
	return newCode(slicesOf(144, 8, 112, 9, 24, 7, 8, 8))
}

// slicesOf repeats values: pairs of how often and what.
func slicesOf(pairs ...int) []byte {
	var all []byte
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, bytes.Repeat([]byte{byte(pairs[i+1])}, pairs[i])...)
	}
	return all
}

func (in *strictInflater) symbol(c code) (int, error) {
	word := 0
	for n := 1; n < 16; n++ {
		bit, err := in.bits(1)
		if err != nil {
			return 0, err
		}
		word = word<<1 | bit
		if i := word - c.first[n]; i >= 0 && i < len(c.symbols[n]) {
			return c.symbols[n][i], nil
		}
	}
	return 0, errors.New("no such code word")
}

// compress is a message as a client compresses it (RFC 7692, section 7.2.1), with the standard library.
func compress(plain string, level int) string {
	var out strings.Builder
	w, err := flate.NewWriter(&out, level)
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(w, plain)
	_ = w.Flush()
	return strings.TrimSuffix(out.String(), "\x00\x00\xff\xff")
}

// noise is the same random bytes each time it is asked for this many.
func noise(n int) string {
	random := rand.New(rand.NewPCG(uint64(n), 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return string(b)
}

// The judge must be able to say no.
func TestStrictInflater(t *testing.T) {
	block := noise(300)
	for name, plain := range map[string]string{
		"empty":       "",
		"text":        strings.Repeat("Hello, world! ", 50),
		"random":      noise(100_000),
		"far repeats": block + noise(32_000) + block,
		"one letter":  strings.Repeat("a", 100_000),
	} {
		for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
			got, err := inflateWithin([]byte(compress(plain, level)), 1<<15)
			if err != nil || string(got) != plain {
				t.Errorf("%s at level %d: %d bytes, %v, want %d bytes", name, level, len(got), err, len(plain))
			}
		}
	}
	far := []byte(compress(block+noise(10_000)+block, flate.BestCompression))
	if _, err := inflateWithin(far, 1<<13); err == nil || !strings.Contains(err.Error(), "back-reference") {
		t.Errorf("a reference over 10,300 bytes in a window of 8,192: %v, want an error", err)
	}
	if _, err := inflateWithin(far, 1<<14); err != nil {
		t.Errorf("a reference over 10,300 bytes in a window of 16,384: %v", err)
	}
}
