package text_test

import (
	"testing"

	"recado"
	"recado/internal/protocol/text"
)

func TestLines(t *testing.T) {
	for name, tt := range map[string]struct {
		message recado.Message
		want    string
	}{
		"text":       {recado.Message{Kind: recado.Text, Data: []byte("oi")}, "oi\n"},
		"empty":      {recado.Message{Kind: recado.Text}, "\n"},
		"line ends":  {recado.Message{Kind: recado.Text, Data: []byte("\na\r\nb\n")}, `\na\r\nb\n` + "\n"},
		"JSON":       {recado.Message{Kind: recado.JSON, Data: []byte(`{"a":"\n"}`)}, `{"a":"\n"}` + "\n"},
		"binary":     {recado.Message{Kind: recado.Binary, Data: []byte("x")}, ""},
		"ephemeral":  {recado.Message{Kind: recado.Text, Data: []byte("x"), Ephemeral: true}, ""},
		"long words": {recado.Message{Kind: recado.Text, Data: []byte("a b\tc")}, "a b\tc\n"},
	} {
		t.Run(name, func(t *testing.T) {
			format := text.Format{}
			if got := format.AppendOwn(format.Append(nil, &tt.message), &tt.message); string(got) != tt.want {
				t.Errorf("Append(%q) = %q, want %q", tt.message.Data, got, tt.want)
			}
		})
	}
}
