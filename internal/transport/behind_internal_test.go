package transport

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"

	"recado"
)

// With drop-oldest, a reader that was too slow goes on from the history, at its own pace: it loses only what the
// history has no more, is told so, and stays connected.
func TestDropOldest(t *testing.T) {
	for name, tt := range map[string]struct {
		kept int
		gaps bool
	}{
		"all is kept":    {kept: 10_000},
		"little is kept": {kept: 50, gaps: true},
	} {
		t.Run(name, func(t *testing.T) {
			const messages, size = 3000, 8 << 10
			r := startRelay(t, recado.Limits{
				MessageRate: recado.Off, HistoryMessages: tt.kept, HistoryBytes: messages * size * 2,
				QueuePolicies: []recado.RoomPolicy{{Pattern: "o*", Policy: recado.DropOldest}},
			})
			sender, raw, witness, talker := r.dial(t), r.dial(t), r.dial(t), r.dial(t, "recado.v1")
			talker.send(ws.OpText, []byte(`{"type":"hello"}`))
			_, welcome, err := talker.read()
			if err != nil || !bytes.Contains(welcome, []byte(`"welcome"`)) {
				t.Fatalf("read = %s, %v, want welcome", welcome, err)
			}
			converse(sender, witness, messages, size)
			if strings.Contains(r.log.String(), "code=4001") {
				t.Fatal("a slow reader was disconnected")
			}
			var reading sync.WaitGroup
			reading.Go(func() { wantRising(raw, messages, tt.gaps) })
			reading.Go(func() { wantChain(talker, messages, tt.gaps) })
			reading.Wait()
		})
	}
}

// wantRising reads numbered messages up to the last; some may be missing if gaps are allowed.
func wantRising(c *client, messages int, gaps bool) {
	next, missed := 0, 0
	for next < messages {
		op, p, err := c.read()
		if err != nil || op != ws.OpBinary {
			c.t.Errorf("raw: read = %v, %d bytes, %v after message %d", op, len(p), err, next-1)
			return
		}
		n := int(binary.BigEndian.Uint64(p))
		if n < next || !bytes.Equal(p, numbered(n, len(p))) {
			c.t.Errorf("raw: read message %d, want %d or later", n, next)
			return
		}
		missed += n - next
		next = n + 1
	}
	if (missed > 0) != gaps {
		c.t.Errorf("raw: missed %d messages, want gaps: %v", missed, gaps)
	}
}

// wantChain reads recado.v1 up to the last message: each follows the one before it, or a gap that says otherwise.
func wantChain(c *client, messages int, gaps bool) {
	last, seen, rosters, slow := uint64(0), 0, 0, 0
	for seen < messages {
		_, p, err := c.read()
		var f struct {
			Type, Base64, Reason string
			Seq, Prev, From, To  uint64
			Members              []any
		}
		if err == nil && bytes.Contains(p, []byte(`"type":"message"`)) {
			p = bytes.Replace(p, []byte(`"from":{`), []byte(`"sender":{`), 1)
		}
		if err == nil {
			err = json.Unmarshal(p, &f)
		}
		if err != nil {
			c.t.Errorf("recado.v1: read %.200s, %v after seq %d", p, err, last)
			return
		}
		switch f.Type {
		case "message":
			if last != 0 && f.Prev != last {
				c.t.Errorf("recado.v1: seq %d has prev %d after %d", f.Seq, f.Prev, last)
				return
			}
			last = f.Seq
			if f.Seq == uint64(messages) {
				seen = messages
			}
		case "gap":
			if f.From != last+1 || f.To <= last || f.Reason != "slow" {
				c.t.Errorf("recado.v1: gap %s after seq %d", p, last)
			}
			slow, last = slow+1, f.To
		case "count":
			rosters++
			if len(f.Members) != 4 {
				c.t.Errorf("recado.v1: %s, want the list of 4", p)
			}
		}
	}
	if (slow > 0) != gaps {
		c.t.Errorf("recado.v1: %d gaps, want gaps: %v", slow, gaps)
	}
}
