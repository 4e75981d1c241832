package recado_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"recado"
)

func TestCheckRoom(t *testing.T) {
	for name, tt := range map[string]struct {
		room string
		ok   bool
	}{
		"lobby":              {"lobby", true},
		"accents":            {"salão", true},
		"marks":              {"हिन्दी", true},
		"all signs":          {"a-_.~=@,;:!b", true},
		"128 bytes":          {strings.Repeat("a", 128), true},
		"129 bytes":          {strings.Repeat("a", 129), false},
		"empty":              {"", false},
		"leading dot":        {".git", false},
		"parent":             {"..", false},
		"slash":              {"a/b", false},
		"wildcard":           {"a*", false},
		"subject wildcard":   {">", false},
		"space":              {"a b", false},
		"NUL":                {"a\x00b", false},
		"no UTF-8":           {"a\xff", false},
		"reserved":           {"healthz", false},
		"reserved icon":      {"favicon.ico", false},
		"reserved is case":   {"Healthz", true},
		"bidi override":      {"a\u202eb", false},
		"emoji is no letter": {"🎉", false},
		"percent":            {"a%2f", false},
	} {
		t.Run(name, func(t *testing.T) {
			err := recado.CheckRoom(tt.room)
			if (err == nil) != tt.ok || err != nil && !errors.Is(err, recado.ErrRoomName) {
				t.Errorf("CheckRoom(%q) = %v, want ok = %v", tt.room, err, tt.ok)
			}
		})
	}
}

func FuzzCheckRoom(f *testing.F) {
	for _, s := range []string{"lobby", "a/b", "..", "\x00", "salão", strings.Repeat("a", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if recado.CheckRoom(name) != nil {
			return
		}
		if len(name) == 0 || len(name) > 128 || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\%*>?# \x00") ||
			name[0] == '.' {
			t.Errorf("CheckRoom(%q) = nil", name)
		}
	})
}

func TestParsePosition(t *testing.T) {
	for s, want := range map[string]recado.Position{
		"k3f9.41": {Epoch: "k3f9", Seq: 41},
		"a.0":     {Epoch: "a"},
		"a.18446744073709551615": {
			Epoch: "a", Seq: 1<<64 - 1,
		},
	} {
		if got, err := recado.ParsePosition(s); err != nil || got != want || got.String() != s {
			t.Errorf("ParsePosition(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", ".", "a", "a.", ".1", "a.-1", "a.+1", "a.01", "A.1", "a b.1", "a.18446744073709551616"} {
		if got, err := recado.ParsePosition(s); err == nil {
			t.Errorf("ParsePosition(%q) = %v, want an error", s, got)
		}
	}
}

func TestMemberID(t *testing.T) {
	one, again, two := recado.NewMemberID([]byte("a")), recado.NewMemberID([]byte("a")), recado.NewMemberID([]byte("b"))
	if one != again || one == two {
		t.Errorf("NewMemberID: a is %v and %v, b is %v", one, again, two)
	}
	if s := one.String(); len(s) != 27 || s[0] != 'm' || strings.ToLower(s) != s {
		t.Errorf("String() = %q, want m and 26 characters", s)
	}
}

func TestLimitsWithDefaults(t *testing.T) {
	l := recado.Limits{MessageSize: 1 << 20, MessageRate: recado.Off}.WithDefaults()
	if l.Fragments != 1<<20/32 || l.MessageRate != recado.Off || l.Queue != 4<<20 {
		t.Errorf("WithDefaults() = %+v", l)
	}
	if small := (recado.Limits{}).WithDefaults(); small.Fragments != 4096 || small.Queue != 256<<10 || small.MessageBurst != 2000 {
		t.Errorf("WithDefaults() = %+v", small)
	}
}
