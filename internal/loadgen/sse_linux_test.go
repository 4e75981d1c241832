package loadgen_test

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"recado/internal/loadgen"
)

// serveHTTP serves a connection as a server of streams does: it becomes one, or what comes on it is published.
func (r *relay) serveHTTP(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		request, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		session := request.Header.Get("Recado-Session")
		if request.Method == http.MethodGet {
			r.mu.Lock()
			r.join(c, request.URL.Path, session)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", cmp.Or(r.stream, "text/event-stream"))
			writeChunks(c, "retry: 1\nid: k.1\n\n")
			r.mu.Unlock()
			continue // until the client goes
		}
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		from := slices.Index(r.sessions, session)
		r.mu.Unlock()
		r.relay(from, ws.NewTextFrame(body))
		fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\n{}", cmp.Or(r.status, "200 OK"))
	}
}

// writeEvent sends a message as one stream or another may have it.
func writeEvent(c net.Conn, text []byte) {
	object := fmt.Sprintf(`{"position":"k.2","type":"message","seq":2,"text":%q}`, text)
	switch len(text) + int(text[0])%4 { // as it comes
	case len(text):
		writeChunks(c, ":\n\nid: k.2\ndata:"+object+"\n\nid: k.3\n\n")
	case len(text) + 1:
		writeChunks(c, "id: k.2\nda", "ta: "+object+"\n", "\n")
	default:
		writeChunks(c, "id: k.2\ndata: "+object+"\n\n")
	}
}

func writeChunks(c net.Conn, chunks ...string) {
	for _, content := range chunks {
		fmt.Fprintf(c, "%x\r\n%s\r\n", len(content), content)
	}
}

func TestRunSSE(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*loadgen.Config)
	}{
		{"as it is", func(*loadgen.Config) {}},
		{"large", func(c *loadgen.Config) { c.Size = 100_000 }},
		{"rooms", func(c *loadgen.Config) { c.Rooms = 3 }},
		{"open loop", func(c *loadgen.Config) { c.Rate = 500 }},
		{"coming and going", func(c *loadgen.Config) { c.Churn = 200 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := relay{speaks: loadgen.SSE}
			r.start(t)
			c := quick(r.url)
			c.Protocol = loadgen.SSE
			tt.change(&c)
			got, err := heard(t, c)
			if err != nil || got.Deliveries == 0 || got.Faults() > 0 || got.Latency.TotalCount() != got.Deliveries {
				t.Errorf("Run: %+v, %v, want deliveries without faults", got, err)
			}
			if n := got.Handshakes.TotalCount(); n != int64(c.Connections) {
				t.Errorf("Run timed %d handshakes, want %d", n, c.Connections)
			}
			if got.Churn != nil && got.Churn.Joins.TotalCount() == 0 {
				t.Error("nobody has come and gone")
			}
		})
	}
}

func TestIdleSSE(t *testing.T) {
	r := relay{speaks: loadgen.SSE}
	r.start(t)
	c := quick(r.url)
	c.Protocol, c.Settle = loadgen.SSE, 10*time.Millisecond
	if got, err := loadgen.Idle(t.Context(), c); err != nil || got.Connections != 10 {
		t.Errorf("Idle: %+v, %v, want 10 connections", got, err)
	}
}

func TestRunSSERefused(t *testing.T) {
	for _, tt := range []struct {
		name, stream, answer string
		want                 error
	}{
		{name: "no stream", stream: "text/html", want: loadgen.ErrProtocol},
		{name: "no publishing", answer: "429 Too Many Requests", want: &loadgen.RefusedError{Status: 429}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := relay{speaks: loadgen.SSE, stream: tt.stream, status: tt.answer}
			r.start(t)
			c := quick(r.url)
			c.Protocol = loadgen.SSE
			_, err := loadgen.Run(t.Context(), c)
			if refused, is := errors.AsType[*loadgen.RefusedError](tt.want); is {
				got, is := errors.AsType[*loadgen.RefusedError](err)
				if !is || *got != *refused {
					t.Errorf("Run: %v, want %v", err, tt.want)
				}
			} else if !errors.Is(err, tt.want) {
				t.Errorf("Run: %v, want %v", err, tt.want)
			}
		})
	}
}
