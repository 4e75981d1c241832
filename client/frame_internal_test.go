package client

import (
	"bytes"
	"testing"
	"testing/iotest"

	"github.com/gobwas/ws"
)

// FuzzFrameReader gives the reader any bytes: it must not panic, must keep to its limit, and must make the same
// of them however they are split.
func FuzzFrameReader(f *testing.F) {
	for _, seed := range [][]byte{
		ws.MustCompileFrame(ws.NewTextFrame([]byte("olá"))),
		ws.MustCompileFrame(ws.NewBinaryFrame(bytes.Repeat([]byte{0xff}, 300))),
		ws.MustCompileFrame(ws.NewPingFrame([]byte("x"))),
		ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1012, "restarting"))),
		{0x01, 2, 'o', 'i', 0x89, 0, 0x80, 1, '!'},
		{0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0},
		{0x82, 127, 0, 0, 0, 0, 0xff, 0, 0, 0},
	} {
		f.Add(seed)
	}
	type result struct {
		op   ws.OpCode
		data string
	}
	const limit = 1000
	readAll := func(r *frameReader) (results []result, end string) {
		for {
			op, data, err := r.next()
			if err != nil {
				return results, err.Error()
			}
			results = append(results, result{op, string(data)})
		}
	}
	f.Fuzz(func(t *testing.T, frames []byte) {
		whole, end := readAll(&frameReader{from: bytes.NewReader(frames), limit: limit})
		split, splitEnd := readAll(&frameReader{from: iotest.OneByteReader(bytes.NewReader(frames)), limit: limit})
		if len(whole) != len(split) || end != splitEnd {
			t.Fatalf("whole: %d frames, %s; byte by byte: %d frames, %s", len(whole), end, len(split), splitEnd)
		}
		for i, r := range whole {
			if r != split[i] {
				t.Errorf("frame %d: whole %+v, byte by byte %+v", i, r, split[i])
			}
			if len(r.data) > limit {
				t.Errorf("frame %d has %d bytes, the limit is %d", i, len(r.data), limit)
			}
			if r.op == ws.OpClose {
				parseClose([]byte(r.data))
			}
		}
	})
}

// What is written is what a server reads, for each form of the length.
func TestWriteFrame(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
		payload := bytes.Repeat([]byte("é"), size/2+1)[:size]
		original := bytes.Clone(payload)
		var b bytes.Buffer
		b.WriteString("before")
		writeFrame(&b, ws.OpBinary, payload)
		b.Next(len("before"))
		got, err := ws.ReadFrame(&b) //nolint:staticcheck // these bytes are ours
		if err != nil || !got.Header.Masked || !got.Header.Fin || got.Header.OpCode != ws.OpBinary {
			t.Fatalf("a frame of %d bytes reads %+v, %v", size, got.Header, err)
		}
		if got = ws.UnmaskFrame(got); !bytes.Equal(got.Payload, original) || b.Len() > 0 {
			t.Errorf("the payload of %d bytes was changed", size)
		}
		if !bytes.Equal(payload, original) {
			t.Errorf("the caller's %d bytes were changed", size)
		}
	}
}
