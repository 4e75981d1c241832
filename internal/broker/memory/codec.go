package memory

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"strings"

	"recado"
)

// An encoder writes the parts of a state. Its first error is that of finish.
type encoder struct {
	to  io.Writer
	w   *bufio.Writer // to, by way of the sum
	sum hash.Hash
}

func newEncoder(w io.Writer) *encoder {
	sum := sha256.New()
	return &encoder{to: w, w: bufio.NewWriterSize(io.MultiWriter(w, sum), 64<<10), sum: sum}
}

func (e *encoder) raw(s string) { _, _ = e.w.WriteString(s) } // it remembers the error, as the others do

func (e *encoder) number(n uint64) { _, _ = e.w.Write(binary.AppendUvarint(e.w.AvailableBuffer(), n)) }

func (e *encoder) time(ms int64) { e.number(uint64(ms)) }

func (e *encoder) text(s string) {
	e.number(uint64(len(s)))
	e.raw(s)
}

func (e *encoder) data(b []byte) {
	e.number(uint64(len(b)))
	_, _ = e.w.Write(b)
}

func (e *encoder) finish() error {
	if err := e.w.Flush(); err != nil {
		return err
	}
	_, err := e.to.Write(e.sum.Sum(nil))
	return err
}

var errDamaged = errors.New("it is damaged")

// A decoder reads what an encoder has written. After its first error, which finish returns, all that it reads is zero.
type decoder struct {
	r   *bufio.Reader
	sum hash.Hash
	one [1]byte
	err error
}

func newDecoder(r io.Reader) *decoder {
	return &decoder{r: bufio.NewReaderSize(r, 64<<10), sum: sha256.New()}
}

// ReadByte is for binary.ReadUvarint.
func (d *decoder) ReadByte() (byte, error) {
	c, err := d.r.ReadByte()
	if err != nil {
		d.fail(err)
	}
	d.one[0] = c
	d.sum.Write(d.one[:])
	return c, err
}

// number returns at most that; more is damage.
func (d *decoder) number(most uint64) uint64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(d)
	d.check(err == nil && n <= most)
	if d.err != nil {
		return 0
	}
	return n
}

func (d *decoder) time() int64 { return int64(d.number(math.MaxInt64)) }

func (d *decoder) text() string { return string(d.data()) }

func (d *decoder) data() []byte { return d.raw(int(d.number(recado.MaxMessageSize))) }

func (d *decoder) raw(n int) []byte {
	if d.err != nil {
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(d.r, b); err != nil {
		d.fail(err)
		return nil
	}
	d.sum.Write(b)
	return b
}

// check takes what does not hold for damage.
func (d *decoder) check(holds bool) {
	if !holds {
		d.fail(nil)
	}
}

// fail is for a state that cannot be read because of err, or, if that is nil, makes no sense.
func (d *decoder) fail(err error) {
	switch {
	case d.err != nil:
	case err == nil:
		d.err = errDamaged
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		d.err = fmt.Errorf("%w: it ends too early", errDamaged)
	default:
		d.err = err
	}
}

// header reads the first line.
func (d *decoder) header() {
	line := string(d.raw(len(stateLine)))
	switch {
	case line == stateLine, d.err != nil && !errors.Is(d.err, errDamaged):
	case strings.HasPrefix(line, stateKind):
		d.err = errors.New("it was written by another version of recado")
	default:
		d.err = errors.New("it is not a state of recado")
	}
}

// finish reads the sum and the end.
func (d *decoder) finish() error {
	want := d.sum.Sum(nil)
	got := d.raw(len(want))
	d.check(bytes.Equal(got, want))
	if d.err == nil {
		_, err := d.r.ReadByte()
		d.check(errors.Is(err, io.EOF))
	}
	return d.err
}
