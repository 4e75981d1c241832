package transport

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"

	"recado"
)

// syncTail ends each flush of a deflate stream; messages travel without it (RFC 7692, section 7.2.1).
const syncTail = "\x00\x00\xff\xff"

// finalBlock is an empty last block, which makes the reader see an orderly end.
const finalBlock = "\x01\x00\x00\xff\xff"

// maxFinalBlocks is how many blocks of a message may be marked as the last. Others may follow each of them
// (RFC 7692, section 7.2.1), and each costs a new start with the whole window.
const maxFinalBlocks = 256

// inflaters and deflaters have no state between messages: there is no context takeover.
//
//nolint:gochecknoglobals // pools for all connections; a window is 32 KiB and more
var inflaters = sync.Pool{New: func() any { return &inflater{reader: flate.NewReader(nil)} }}

// An inflater turns compressed messages into plain ones.
type inflater struct {
	reader io.ReadCloser
	source bytes.Reader
	data   []byte
	plain  []byte
}

// inflate returns the plain message, valid until putBack. It stops as soon as that is larger than limit.
func (in *inflater) inflate(data []byte, limit int) ([]byte, error) {
	in.data = append(append(append(in.data[:0], data...), syncTail...), finalBlock...)
	in.source.Reset(in.data)
	in.plain = in.plain[:0]
	for range maxFinalBlocks {
		window := in.plain[max(0, len(in.plain)-1<<maxWindowBits):]
		if err := in.reader.(flate.Resetter).Reset(&in.source, window); err != nil {
			return nil, failf(recado.CloseInternal, "reset inflater: %v", err)
		}
		if err := in.readBlocks(limit); err != nil {
			return nil, err
		}
		if in.source.Len() <= len(syncTail)+len(finalBlock) {
			return in.plain, nil // the message has been read to its end
		}
	}
	return nil, failf(recado.CloseInvalidData, "more than %d final blocks in one message", maxFinalBlocks)
}

// readBlocks inflates up to the end of a final block.
func (in *inflater) readBlocks(limit int) error {
	for {
		if len(in.plain) == cap(in.plain) {
			in.plain = append(in.plain, 0)[:len(in.plain)]
		}
		n, err := in.reader.Read(in.plain[len(in.plain):cap(in.plain)])
		in.plain = in.plain[:len(in.plain)+n]
		switch {
		case len(in.plain) > limit:
			return failf(recado.CloseTooBig, "inflated message is larger than the limit of %d bytes", limit)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return failf(recado.CloseInvalidData, "inflate: %v", err)
		}
	}
}

func (in *inflater) putBack() {
	if cap(in.data) > maxPooled {
		in.data = nil
	}
	if cap(in.plain) > maxPooled {
		in.plain = nil
	}
	inflaters.Put(in)
}

// A deflater compresses messages for one window size.
type deflater struct {
	writer *flate.Writer
	out    bytes.Buffer
}

func newDeflater(windowBits int) (*deflater, error) {
	d := new(deflater)
	var err error
	d.writer, err = flate.NewWriterWindow(&d.out, 1<<windowBits)
	return d, err
}

// deflate returns the compressed message, valid until the next call, or nil if that is no shorter.
func (d *deflater) deflate(data []byte) []byte {
	d.out.Reset()
	d.writer.Reset(&d.out)
	if _, err := d.writer.Write(data); err != nil {
		return nil
	}
	if err := d.writer.Flush(); err != nil {
		return nil
	}
	out, found := bytes.CutSuffix(d.out.Bytes(), []byte(syncTail))
	if !found || len(out) >= len(data) {
		return nil
	}
	return out
}
