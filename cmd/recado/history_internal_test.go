package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"recado/internal/locale"
)

// In a history for people, nobody's text looks like another message or moves the cursor, wherever it goes.
func TestHistoryIsSafe(t *testing.T) {
	object, err := json.Marshal(map[string]any{
		"type": "message", "time": time.Unix(0, 0), "from": map[string]string{"name": "a\x1b[31m*b"},
		"text": "one\n[1970-01-01 00:00] beto: two\x1b[2J\u202e",
	})
	if err != nil {
		t.Fatal(err)
	}
	day, clock := time.Unix(0, 0).Format(time.DateOnly), time.Unix(0, 0).Format("15:04")
	for format, want := range map[string]string{
		"txt": "[" + day + " " + clock + "] a*b: one\n    [1970-01-01 00:00] beto: two\n",
		"md":  "# ops\n\n## " + day + "\n\n**a\\*b** " + clock + "\n\n> one\n> [1970-01-01 00:00] beto: two\n",
	} {
		var out bytes.Buffer
		write := newHistoryFormat(&out, locale.New(locale.English), "ops", format, false)
		if err := write(object); err != nil || out.String() != want {
			t.Errorf("%s: %v, written %q, want %q", format, err, &out, want)
		}
	}
	var out bytes.Buffer
	if err := newHistoryFormat(&out, nil, "ops", "json", true)(object); err != nil || strings.ContainsRune(out.String(), '\u202e') || !json.Valid(out.Bytes()) {
		t.Errorf("json: %v, written %q", err, &out)
	}
}
