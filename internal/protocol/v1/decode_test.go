package v1_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	v1 "recado/internal/protocol/v1"
)

// decoding are the codes that DecodeCommand returns.
var decoding = []string{
	v1.CodeBadJSON, v1.CodeBadField, v1.CodeUnknownType, v1.CodePublishInvalid, v1.CodeIDInvalid,
	v1.CodeEventInvalid, v1.CodeBase64Invalid, v1.CodeSessionInvalid, v1.CodePositionInvalid, v1.CodeHistoryInvalid,
}

func wantError(t *testing.T, err error, code, id string) {
	t.Helper()
	e, ok := errors.AsType[*v1.Error](err)
	if !ok || e.Code != code || e.ID != id || e.Message == "" || !slices.Contains(decoding, code) {
		t.Errorf("error %#v, want code %q, id %q and a message", err, code, id)
	}
}

// What is wrong is said, and what is expected.
func TestMessagesHelp(t *testing.T) {
	for name, tt := range map[string]struct {
		frame string
		want  []string
	}{
		"syntax":          {`{"type":"ping",}`, []string{"not JSON", "'}'"}},
		"cut off":         {`{"type":`, []string{"not JSON", "end"}},
		"array":           {`[]`, []string{"object", `{"type":"ping"}`}},
		"UTF-8":           {"{\"type\":\"\xff\"}", []string{"UTF-8"}},
		"type is missing": {`{}`, []string{`"type"`, "missing"}},
		"type":            {`{"type":1}`, []string{`"type"`, "string"}},
		"unknown type":    {`{"type":"shout"}`, []string{`"shout"`, "hello", "publish", "history", "rename", "auth", "ping"}},
		"truth":           {`{"type":"hello","echo":1}`, []string{`"echo"`, "true or false"}},
		"number":          {`{"type":"hello","history":"1"}`, []string{`"history"`, "whole number"}},
		"negative":        {`{"type":"history","limit":-1}`, []string{`"limit"`, "negative"}},
		"string":          {`{"type":"rename","name":{}}`, []string{`"name"`, "string"}},
		"position":        {`{"type":"history","before":"x"}`, []string{`"before"`, `"x"`, "k3f9.41"}},
		"session":         {`{"type":"hello","session":"x"}`, []string{`"session"`, "22", "128", "A-Z"}},
		"id":              {`{"type":"publish","id":"","text":""}`, []string{`"id"`, "1 to 64", "ASCII"}},
		"event":           {`{"type":"publish","event":"/","text":""}`, []string{`"event"`, "1 to 64", "A-Z"}},
		"base64":          {`{"type":"publish","base64":"_"}`, []string{`"base64"`, "standard", "="}},
		"no content":      {`{"type":"publish"}`, []string{"exactly one", `"text"`, `"json"`, `"base64"`}},
		"two contents":    {`{"type":"publish","text":"","json":1}`, []string{"exactly one", `"text"`, `"json"`, `"base64"`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v1.DecodeCommand([]byte(tt.frame))
			for _, word := range tt.want {
				if err == nil || !strings.Contains(err.Error(), word) {
					t.Errorf("DecodeCommand(%s) says %v, want %q in it", tt.frame, err, word)
				}
			}
		})
	}
}

// What is too large for a file of vectors: none of it costs more than the frame, or comes back in the answer.
func TestExcess(t *testing.T) {
	long := strings.Repeat("9", 300_000)
	for name, tt := range map[string]struct{ frame, code string }{
		"nested arrays":          {`{"type":"publish","json":` + strings.Repeat("[", 300_000), v1.CodeBadJSON},
		"nested arrays, closed":  {`{"type":"publish","json":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}", v1.CodeBadJSON},
		"nested objects":         {strings.Repeat(`{"type":`, 100_000), v1.CodeBadJSON},
		"an endless type":        {`{"type":"` + long + `"}`, v1.CodeUnknownType},
		"an endless position":    {`{"type":"hello","since":"k.` + long + `"}`, v1.CodePositionInvalid},
		"an endless id":          {`{"type":"publish","text":"","id":"` + long + `"}`, v1.CodeIDInvalid},
		"an endless number":      {`{"type":"history","limit":-` + long + `}`, v1.CodeHistoryInvalid},
		"an endless wrong value": {`{"type":"hello","echo":` + long + `}`, v1.CodeBadField},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v1.DecodeCommand([]byte(tt.frame))
			wantError(t, err, tt.code, "")
			if err != nil && len(err.Error()) > 300 {
				t.Errorf("the answer has %d bytes, want it short", len(err.Error()))
			}
		})
	}
}

func TestNestingThatIsAllowed(t *testing.T) {
	data := strings.Repeat(`[{"a":`, 1000) + "1" + strings.Repeat("}]", 1000)
	c, err := v1.DecodeCommand([]byte(`{"type":"publish","json":` + data + `,"event":"e"}`))
	if p, ok := c.(v1.Publish); !ok || string(p.Content.Data) != data || p.Event != "e" {
		t.Errorf("DecodeCommand of a thousand levels = %.80v, %v, want them", c, err)
	}
}
