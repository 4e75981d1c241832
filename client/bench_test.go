package client_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"recado/client"
	v1 "recado/internal/protocol/v1"
)

// acknowledger is a server that does nothing but to acknowledge, as fast as it can.
func acknowledger(b *testing.B) http.HandlerFunc {
	b.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		upgrader := ws.HTTPUpgrader{Protocol: func(string) bool { return true }}
		conn, _, _, err := upgrader.Upgrade(r, w)
		if err != nil {
			return
		}
		defer conn.Close()
		acknowledge(b, conn)
	}
}

func acknowledge(b *testing.B, conn net.Conn) {
	b.Helper()
	in, out := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriterSize(conn, 64<<10)
	out.Write(compiled(hello))
	payload, reply := make([]byte, 64<<10), []byte(nil)
	for seq := uint64(10); ; {
		if in.Buffered() == 0 {
			out.Flush()
		}
		header, err := ws.ReadHeader(in)
		if err != nil {
			return
		}
		frame := payload[:header.Length]
		if _, err = io.ReadFull(in, frame); err != nil {
			return
		}
		ws.Cipher(frame, header.Mask, 0)
		if header.OpCode == ws.OpClose {
			out.Write(ws.MustCompileFrame(ws.NewCloseFrame(frame)))
			out.Flush()
			return
		}
		command, err := v1.DecodeCommand(frame)
		if err != nil {
			b.Error(err)
			return
		}
		if publish, is := command.(v1.Publish); is {
			seq++
			reply = v1.AppendEvent(reply[:0], v1.Ack{ID: publish.ID, Seq: seq, Prev: seq - 1})
			ws.WriteHeader(out, ws.Header{Fin: true, OpCode: ws.OpText, Length: int64(len(reply))})
			out.Write(reply)
		}
	}
}

// BenchmarkSend is lines of 100 bytes in a pipe: sent, acknowledged, and told.
func BenchmarkSend(b *testing.B) {
	s := httptest.NewServer(acknowledger(b))
	defer s.Close()
	c, err := client.Dial(b.Context(), client.Config{URL: s.URL, Outbox: 1000})
	if err != nil {
		b.Fatal(err)
	}
	go drain(c)
	line := client.Outgoing{Text: strings.Repeat("x", 100)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Send(b.Context(), line); err != nil {
			b.Fatal(err)
		}
	}
	if err := c.Finish(b.Context()); err != nil {
		b.Fatal(err)
	}
}
