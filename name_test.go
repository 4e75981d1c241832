package recado_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"recado"
)

func TestCleanName(t *testing.T) {
	for name, want := range map[string]string{
		"ana":                     "ana",
		"  ana   maria ":          "ana maria",
		"a\tb\nc":                 "a b c",
		"a\u202eb":                "ab",
		"a\u200bb":                "ab",
		"joão 🎉":                  "joão 🎉",
		"日本":                      "日本",
		strings.Repeat("é", 32):   strings.Repeat("é", 32),
		strings.Repeat("é", 33):   "",
		"":                        "",
		" \u200b ":                "",
		"\u3164":                  "",
		"\u0301":                  "",
		"a\xff":                   "",
		"<b>ana</b>":              "<b>ana</b>",
		"\x1b[31mred":             "[31mred",
		"a \u200b b":              "a b",
		"ana\u00a0\u2003 silva\r": "ana silva",
	} {
		got, err := recado.CleanName(name)
		if got != want || (err != nil) != (want == "") || err != nil && !errors.Is(err, recado.ErrName) {
			t.Errorf("CleanName(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("ana")
	f.Add("a \u200b\u202e b")
	f.Fuzz(func(t *testing.T, name string) {
		got, err := recado.CleanName(name)
		if err != nil {
			return
		}
		again, err := recado.CleanName(got)
		if again != got || err != nil || !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\r\n\x1b\u202e") {
			t.Errorf("CleanName(%q) = %q, and of that %q, %v", name, got, again, err)
		}
	})
}

func TestGeneratedNames(t *testing.T) {
	a, b := recado.NewMemberID([]byte("a")), recado.NewMemberID([]byte("b"))
	if again := recado.NewMemberID([]byte("a")).Name(); a.Name() == b.Name() || a.Name() != again {
		t.Errorf("Name() = %q and %q", a.Name(), b.Name())
	}
	for i := range 100 {
		name := recado.NewMemberID([]byte{byte(i)}).Name()
		if clean, err := recado.CleanName(name); clean != name || err != nil {
			t.Errorf("Name() = %q, cleaned %q, %v", name, clean, err)
		}
	}
}

func TestParseMemberID(t *testing.T) {
	id := recado.NewMemberID([]byte("a"))
	if got, err := recado.ParseMemberID(id.String()); got != id || err != nil {
		t.Errorf("ParseMemberID(%v) = %v, %v", id, got, err)
	}
	for _, s := range []string{"", "m", "ana", id.String()[1:], id.String() + "a", strings.ToUpper(id.String()), id.String()[:26] + "b"} {
		if got, err := recado.ParseMemberID(s); err == nil {
			t.Errorf("ParseMemberID(%q) = %v, want an error", s, got)
		}
	}
}

func TestQueuePolicy(t *testing.T) {
	l := recado.Limits{QueuePolicies: []recado.RoomPolicy{
		{Pattern: "ops", Policy: recado.Disconnect}, {Pattern: "o*", Policy: recado.DropOldest},
	}}
	for room, want := range map[string]recado.QueuePolicy{
		"ops": recado.Disconnect, "orders": recado.DropOldest, "lobby": recado.Disconnect,
	} {
		if got := l.QueuePolicy(room); got != want {
			t.Errorf("QueuePolicy(%q) = %v, want %v", room, got, want)
		}
	}
}

// What is kept of a name is the name, not all the spaces around it: it is kept with each message.
func TestCleanNameKeepsNothingElse(t *testing.T) {
	const size, names = 1 << 20, 100
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var all [names]string
	for i := range all {
		name, err := recado.CleanName("ana" + strings.Repeat(" ", size))
		if err != nil {
			t.Fatal(err)
		}
		all[i] = name
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > size*names/10 {
		t.Errorf("%d names take %d bytes", names, grown)
	}
	runtime.KeepAlive(all)
}
