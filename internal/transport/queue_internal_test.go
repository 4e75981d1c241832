package transport

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
)

// Who has asked for a page of the history and is still reading it is no slow reader when somebody speaks.
func TestHistoryIsNoBacklog(t *testing.T) {
	bubble(t, recado.Limits{PingInterval: recado.Off}, func(t *testing.T, w *Transport) {
		t.Helper()
		other := talkClient(t, w, `{"type":"hello"}`)
		other.wantFrame(`"welcome"`)
		quotes, _ := json.Marshal(strings.Repeat(`"`, 1300))
		for range 200 {
			other.send(ws.OpText, []byte(`{"type":"publish","text":`+string(quotes)+`}`))
			other.wantFrame(`"ack"`)
		}
		c := talkClient(t, w, `{"type":"hello"}`)
		c.wantFrame(`"welcome"`)
		c.send(ws.OpText, []byte(`{"type":"history"}`))
		synctest.Wait()
		other.wantFrame(`"join"`)
		other.send(ws.OpText, []byte(`{"type":"publish","text":"oi"}`))
		other.wantFrame(`"ack"`)
		c.wantFrame(`"type":"history"`)
		c.wantFrame(`"text":"oi"`)
		_, _ = other.conn.Close(), c.conn.Close()
	})
}

// Nor is who resumes, however small the queue is.
func TestReplayIsNoBacklog(t *testing.T) {
	bubble(t, recado.Limits{PingInterval: recado.Off, Queue: 4 << 10}, func(t *testing.T, w *Transport) {
		t.Helper()
		other := talkClient(t, w, `{"type":"hello"}`)
		other.wantFrame(`"welcome"`)
		start, err := w.hub.Position(t.Context(), "ops")
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			other.send(ws.OpText, []byte(`{"type":"publish","text":"`+strings.Repeat("x", 1000)+`"}`))
			other.wantFrame(`"ack"`)
		}
		c := talkClient(t, w, `{"type":"hello","since":"`+start.String()+`"}`)
		c.wantFrame(`"replay":200`)
		const unread = 6 // of the last stretch
		for range 200 - unread {
			c.wantFrame(`"message"`)
		}
		synctest.Wait()
		other.wantFrame(`"join"`)
		for range 3 {
			other.send(ws.OpText, []byte(`{"type":"publish","text":"oi"}`))
			other.wantFrame(`"ack"`)
		}
		for range unread {
			c.wantFrame(`"message"`)
		}
		for range 3 {
			c.wantFrame(`"text":"oi"`)
		}
		_, _ = other.conn.Close(), c.conn.Close()
	})
}

// An answer that is not read does not make place for another, and another: this would be a queue without a limit.
func TestAnswersAreBounded(t *testing.T) {
	bubble(t, recado.Limits{PingInterval: recado.Off, QueueStall: time.Hour}, func(t *testing.T, w *Transport) {
		t.Helper()
		c := talkClient(t, w, `{"type":"hello"}`)
		c.wantFrame(`"welcome"`)
		for range 200 {
			c.send(ws.OpText, []byte(`{"type":"publish","text":"`+strings.Repeat("x", 1300)+`"}`))
			c.wantFrame(`"ack"`)
		}
		for range 4 {
			c.send(ws.OpText, []byte(`{"type":"history"}`))
		}
		synctest.Wait()
		c.wantFrame(`"type":"history"`)
		for {
			op, p, err := c.read()
			if op == ws.OpClose || err != nil {
				if code, _ := ws.ParseCloseFrameData(p); code != 4001 {
					t.Errorf("read = %v, %v, want close 4001", code, err)
				}
				break
			}
		}
		_ = c.conn.Close()
	})
}
