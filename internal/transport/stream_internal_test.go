package transport

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/protocol/ndjson"
)

// streamClient reads a stream over a pipe, without its chunks.
func streamClient(t *testing.T, w *Transport, f StreamFormat) (lines *bufio.Reader, conn net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { _ = near.Close() })
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if err := w.Stream(hijacked{httptest.NewRecorder(), far}, request, Join{Room: "ops", Loopback: true}, f); err != nil {
		t.Fatalf("Stream = %v", err)
	}
	response, err := http.ReadResponse(bufio.NewReader(near), request)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != string(f) {
		t.Fatalf("answer: %v, %v", response, err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return bufio.NewReader(response.Body), near
}

// A stream whose client says nothing, as it should, gets a sign of life instead of being given up.
func TestStreamHeartbeat(t *testing.T) {
	for f, beat := range map[StreamFormat]string{EventStream: ":\n", JSONLines: "\n"} {
		bubble(t, recado.Limits{}, func(t *testing.T, w *Transport) {
			t.Helper()
			lines, conn := streamClient(t, w, f)
			for range map[StreamFormat]int{EventStream: 3}[f] {
				_, _ = lines.ReadString('\n') // how it begins
			}
			began := time.Now()
			for i := range 4 {
				line, err := lines.ReadString('\n')
				if err != nil || line != beat {
					t.Fatalf("%s: line %d is %q, %v, want %q", f, i, line, err, beat)
				}
				if f == EventStream {
					_, _ = lines.ReadString('\n')
				}
			}
			if took := time.Since(began); took < 90*time.Second || took > 120*time.Second {
				t.Errorf("%s: 4 beats took %v, want one each 25 s", f, took)
			}
			_ = conn.Close()
			synctest.Wait()
			if w.Len() != 0 {
				t.Errorf("%s: %d clients after the only one has left", f, w.Len())
			}
		})
	}
}

// A stream that is not read ends as any slow reader: with whole units, and the chunk that says that it has ended.
func TestSlowStream(t *testing.T) {
	const messages, size = 600, 16 << 10
	everySocket(t, recado.Limits{MessageRate: recado.Off}, func(t *testing.T, r *relay) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(r.url, "ws", "http", 1)+"/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := r.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		sender, fast := r.dial(t), r.dial(t)
		converse(sender, fast, messages, size)
		r.waitFor(t, "disconnect with 4001", func() bool { return strings.Contains(r.log.String(), "code=4001") })
		rest, err := io.ReadAll(response.Body)
		lines := bytes.Count(rest, []byte("\n"))
		if err != nil || lines == 0 || lines >= messages || !bytes.HasSuffix(rest, []byte("}\n")) {
			t.Errorf("the stream ends after %d lines with %v, %q", lines, err, rest[max(0, len(rest)-50):])
		}
		_ = sender.conn.Close()
	})
}

// The borders of units are found from anywhere in them.
func TestBorders(t *testing.T) {
	for name, tt := range map[string]struct {
		wire   wire
		append func(dst, unit []byte) []byte
	}{
		"frames": {webSocketWire{}, func(dst, unit []byte) []byte { return appendFrame(dst, ws.OpText, 0, unit) }},
		"chunks": {chunkWire{ndjson.Format{}}, appendChunk},
	} {
		t.Run(name, func(t *testing.T) {
			var units []byte
			borders := []int{0}
			for _, size := range []int{1, 15, 16, 125, 126, 4096, 65535, 65536} {
				units = tt.append(units, make([]byte, size))
				borders = append(borders, len(units))
			}
			next := 0
			for offset := range len(units) + 1 {
				if offset > borders[next] {
					next++
				}
				if got := tt.wire.border(units, offset); got != borders[next] {
					t.Fatalf("border(%d) = %d, want %d", offset, got, borders[next])
				}
			}
		})
	}
}
