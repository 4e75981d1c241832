package ndjson_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"recado"
	"recado/internal/protocol/ndjson"
	v1 "recado/internal/protocol/v1"
)

// Each message is one line: an object that says where its reader is then.
func FuzzLine(f *testing.F) {
	f.Add([]byte("oi"), uint8(recado.Text), uint64(42), false)
	f.Add([]byte(`{"a":1}`), uint8(recado.JSON), uint64(1), false)
	f.Add([]byte("a\nb\r\x00\xff"), uint8(recado.Binary), uint64(7), true)
	f.Fuzz(func(t *testing.T, data []byte, kind uint8, seq uint64, ephemeral bool) {
		m := recado.Message{Seq: seq, Kind: recado.Kind(kind%3 + 1), Data: data, Ephemeral: ephemeral, Time: time.Unix(1, 0)}
		if m.Kind == recado.JSON && !json.Valid(data) {
			return
		}
		if m.Kind == recado.JSON {
			var compact bytes.Buffer
			_ = json.Compact(&compact, data)
			m.Data = compact.Bytes()
		}
		format := ndjson.Format{Epoch: "k3f9"}
		for _, line := range [][]byte{format.Append(nil, &m), format.AppendOwn(nil, &m), format.AppendEvent(nil, v1.Gap{Reason: v1.GapSlow})} {
			if len(line) == 0 && ephemeral {
				continue
			}
			var got struct{ Position, Type string }
			err := json.Unmarshal(line, &got)
			if err != nil || bytes.Count(line, []byte("\n")) != 1 || line[len(line)-1] != '\n' {
				t.Fatalf("line %q: %v", line, err)
			}
			want := recado.Position{Epoch: "k3f9", Seq: seq}.String()
			if got.Type != "gap" && got.Position != want && !ephemeral {
				t.Fatalf("line %q is at %s, want %s", line, got.Position, want)
			}
		}
	})
}
