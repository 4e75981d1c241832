package tui

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"recado"
	"recado/client"
)

// A Saying is what a message says, and who and when, as it stands in a JSON line behind the message's place. It is to be
// embedded; see JSONLine.
type Saying struct {
	Time string `json:"time"`
	From struct {
		ID   string `json:"id,omitempty"`
		Name string `json:"name"`
	} `json:"from"`
	Text      *string         `json:"text,omitempty"`
	JSON      json.RawMessage `json:"json,omitempty"`
	Base64    *string         `json:"base64,omitempty"`
	Event     string          `json:"event,omitempty"`
	Ephemeral bool            `json:"ephemeral,omitempty"`
}

// NewSaying is that of m.
func NewSaying(m client.Message) Saying {
	s := Saying{Time: m.Time.UTC().Format("2006-01-02T15:04:05.000Z"), Event: m.Event, Ephemeral: m.Ephemeral}
	s.From.Name = m.From.Name
	if m.From.ID != (recado.MemberID{}) {
		s.From.ID = m.From.ID.String()
	}
	switch text := string(m.Data); m.Kind {
	case recado.JSON:
		s.JSON = m.Data
	case recado.Binary:
		text = base64.StdEncoding.EncodeToString(m.Data)
		s.Base64 = &text
	default:
		s.Text = &text
	}
	return s
}

// JSONLine is the object without a line end. Texts are as they were said; see SafeJSON.
func JSONLine(object any) (string, error) {
	var b strings.Builder
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false)
	err := to.Encode(object)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// SafeJSON escapes in a JSON text what a terminal might obey, or not show: JSON itself takes care of ASCII but for DEL.
func SafeJSON(line string) string {
	var b strings.Builder
	for _, r := range line {
		if r < 0x7f || unicode.IsGraphic(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
