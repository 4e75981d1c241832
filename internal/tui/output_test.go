package tui_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"recado"
	"recado/client"
	"recado/internal/tui"
)

// What others say reaches a terminal only in a safe form, and a pipe as it is.
func TestWhatOthersSayIsSafe(t *testing.T) {
	const wild = "a\x1b]0;title\x07\x9b2J\u202eb\r\x7f\nc"
	said := func(kind recado.Kind, data string) client.Message {
		return client.Message{
			Position: recado.Position{Epoch: "e", Seq: 7}, Time: time.Unix(0, 0), From: client.Member{Name: "ana"},
			Kind: kind, Data: []byte(data),
		}
	}
	tests := map[string]struct {
		message        client.Message
		json, terminal bool
		want           string
	}{
		"text, in a pipe":         {said(recado.Text, "a\x1b[2J\r\nb"), false, false, "a\x1b[2J\\r\\nb\n"},
		"text, at a terminal":     {said(recado.Text, wild), false, true, "a\ufffd2Jb\\r␡\\nc\n"},
		"JSON value":              {said(recado.JSON, `{"a":"<b>"}`), false, true, `{"a":"<b>"}` + "\n"},
		"empty":                   {said(recado.Text, ""), false, true, "\n"},
		"an object":               {said(recado.Text, "<b>"), true, false, `{"position":"e.7","type":"message","seq":7,"time":"1970-01-01T00:00:00.000Z","from":{"name":"ana"},"text":"<b>"}` + "\n"},
		"an object of JSON":       {said(recado.JSON, "[1]"), true, false, `{"position":"e.7","type":"message","seq":7,"time":"1970-01-01T00:00:00.000Z","from":{"name":"ana"},"json":[1]}` + "\n"},
		"an object of bytes":      {said(recado.Binary, "\xff"), true, true, `{"position":"e.7","type":"message","seq":7,"time":"1970-01-01T00:00:00.000Z","from":{"name":"ana"},"base64":"/w=="}` + "\n"},
		"an object at a terminal": {said(recado.Text, "\u202e\u009b\x7fé😀"), true, true, `{"position":"e.7","type":"message","seq":7,"time":"1970-01-01T00:00:00.000Z","from":{"name":"ana"},"text":"\u202e\u009b\u007fé😀"}` + "\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			o := tui.NewOutput(&out, tt.json, tt.terminal, nil)
			counts, err := o.Take(tt.message)
			if err != nil || !counts || o.Flush() != nil || out.String() != tt.want {
				t.Errorf("Take = %t, %v, written %q, want %q", counts, err, &out, tt.want)
			}
			if tt.json && !json.Valid(out.Bytes()) {
				t.Errorf("%q is not JSON", &out)
			}
		})
	}
}
