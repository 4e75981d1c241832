package main

import (
	"cmp"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"recado"
	"recado/internal/locale"

	"github.com/spf13/pflag"
)

// sharedTexts are read once: that takes longer than the tests.
var sharedTexts = sync.OnceValue(func() *locale.Texts { return locale.New(locale.English) })

// configured is the configuration of these flags and variables, and of a file, if there is one.
func configured(flags, environ []string, file string) (*config, error) {
	given := newConfig()
	set := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	given.addFlags(set, sharedTexts())
	if err := set.Parse(flags); err != nil {
		return given, flagProblem(nil, err)
	}
	p := &program{environ: func() []string { return environ }, configFlag: cmp.Or(file, noConfig)}
	return p.configure(set, given)
}

func TestConfig(t *testing.T) {
	tests := map[string]struct {
		flags, environ []string
		want           func(*config)
	}{
		"nothing":           {want: func(*config) {}},
		"others' variables": {environ: []string{"HOME=/", "RECADOX=1", "=C:=C:\\"}, want: func(*config) {}},
		"flag":              {flags: []string{"--listen", ":1"}, want: func(c *config) { c.listen = ":1" }},
		"variable":          {environ: []string{"RECADO_LISTEN=:1"}, want: func(c *config) { c.listen = ":1" }},
		"flag over variable": {
			flags: []string{"--listen", ":1"}, environ: []string{"RECADO_LISTEN=:2"},
			want: func(c *config) { c.listen = ":1" },
		},
		"no page":           {flags: []string{"--web="}, want: func(c *config) { c.web = "" }},
		"no page, variable": {environ: []string{"RECADO_WEB="}, want: func(c *config) { c.web = "" }},
		"off":               {flags: []string{"--limits-message-rate=0"}, want: func(c *config) { c.limits.MessageRate = recado.Off }},
		"off, duration":     {flags: []string{"--ping-interval=0"}, want: func(c *config) { c.limits.PingInterval = recado.Off }},
		"size":              {flags: []string{"--limits-message-size=16MiB"}, want: func(c *config) { c.limits.MessageSize = 16 << 20 }},
		"duration":          {environ: []string{"RECADO_PING_TIMEOUT=1m30s"}, want: func(c *config) { c.limits.PingTimeout = 90 * time.Second }},
		"switch":            {flags: []string{"--lan"}, want: func(c *config) { c.lan = true }},
		"domain": {
			flags: []string{"--domain", "a.example,b.example"},
			want: func(c *config) {
				c.tls.domains, c.listen, c.web = []string{"a.example", "b.example"}, ":443", ":80"
			},
		},
		"domain, other ports": {
			flags: []string{"--domain", "a.example", "--listen", "localhost:8765", "--web", ""},
			want:  func(c *config) { c.tls.domains, c.web = []string{"a.example"}, "" },
		},
		"switched off again": {
			flags: []string{"--compress=false"}, environ: []string{"RECADO_COMPRESS=true"},
			want: func(*config) {},
		},
		"lists": {
			flags:   []string{"--allow-origin", "https://a.example,https://b.example", "--allow-origin", "https://c.example"},
			environ: []string{"RECADO_ALLOW_HOST=a.example, b.example", "RECADO_ALLOW_ORIGIN=https://d.example"},
			want: func(c *config) {
				c.allowOrigins = []string{"https://a.example", "https://b.example", "https://c.example"}
				c.allowHosts = []string{"a.example", "b.example"}
			},
		},
		"policies": {
			flags: []string{"--limits-queue-policy", "a=b=disconnect ticker-*=drop-oldest", "--limits-queue-policy", "drop-oldest"},
			want: func(c *config) {
				c.limits.QueuePolicies = []recado.RoomPolicy{
					{Pattern: "a=b", Policy: recado.Disconnect},
					{Pattern: "ticker-*", Policy: recado.DropOldest},
					{Pattern: "*", Policy: recado.DropOldest},
				}
			},
		},
		"log": {
			environ: []string{"RECADO_LOG_LEVEL=debug", "RECADO_LOG_FORMAT=json"},
			want:    func(c *config) { c.logLevel, c.logFormat = slog.LevelDebug, "json" },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := configured(tt.flags, tt.environ, "")
			want := newConfig()
			tt.want(want)
			want.limits, want.origins = want.limits.WithDefaults(), got.origins
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

// Every setting has a help text in both languages, says its default as it is read, and refuses nonsense in
// both of its forms with a hint that exists.
func TestSettings(t *testing.T) {
	english, portuguese := locale.New(locale.English), locale.New(locale.Portuguese)
	for _, s := range newConfig().settings() {
		for _, texts := range []*locale.Texts{english, portuguese} {
			if id := "setting." + s.key; texts.Text(id) == id {
				t.Errorf("%s: no help in %s", s.key, texts.Language())
			}
		}
		if strings.ContainsAny(s.flag(), "._ ") || strings.ContainsAny(s.variable(), ".- ") {
			t.Errorf("%s: the flag is %s, the variable %s", s.key, s.flag(), s.variable())
		}
		if s.standard != "" {
			before, _ := configured(nil, nil, "")
			after, err := configured(nil, []string{s.variable() + "=" + s.standard}, "")
			if err != nil {
				t.Errorf("%s: the default %s is refused: %v", s.key, s.standard, err)
			}
			after.origins = before.origins
			if !reflect.DeepEqual(before, after) {
				t.Errorf("%s: the default is not %s", s.key, s.standard)
			}
		}
		sources := map[string]func(value string) error{
			s.variable(): func(v string) error { _, err := configured(nil, []string{s.variable() + "=" + v}, ""); return err },
		}
		if s.flag() != "" {
			sources["--"+s.flag()] = func(v string) error { _, err := configured([]string{"--" + s.flag() + "=" + v}, nil, ""); return err }
		}
		for source, configure := range sources {
			nonsense := []string{"\x00", "non sense", "-1"}
			switch s.value.Type() {
			case fileType, textType:
				nonsense = nonsense[:1] // any other text can be a file's name, or an audience
			case serverType:
				nonsense = nonsense[:2]
			}
			for _, value := range nonsense {
				wantProblem(t, configure(value), "value_invalid", source)
			}
		}
	}
}

// wantProblem checks the exit code of the configuration, the problem, its source and that its texts exist.
func wantProblem(t *testing.T, err error, id, source string) {
	t.Helper()
	exit, isExit := errors.AsType[*exitError](err)
	trouble, isProblem := errors.AsType[*problem](err)
	if !isExit || !isProblem || exit.code != exitConfig || trouble.id != id || !slices.Contains(trouble.facts, any(source)) {
		t.Errorf("%s: got %v, want the problem %s", source, err, id)
		return
	}
	var stderr strings.Builder
	p := &program{stderr: &stderr}
	if code := p.fail(sharedTexts(), err); code != exitConfig {
		t.Errorf("exit code %d", code)
	}
	if text := stderr.String(); strings.Contains(text, "error.value") || strings.Contains(text, "<no value>") || strings.Count(text, "\n") != 2 {
		t.Errorf("%s is told as %q", source, text)
	}
}

func TestParseSize(t *testing.T) {
	tests := map[string]int64{
		"1": 1, "65536": 65536, "512B": 512, "64KiB": 65536, "64kib": 65536, "64 KiB": 65536, "1kB": 1000, "1MB": 1e6,
		"16MiB": 16 << 20, "2GiB": 2 << 30,
		"": -1, "KiB": -1, "1.5MiB": -1, "1TiB": -1, "1K": -1, "1iB": -1, "9999999999": -1, "1KiBKiB": -1, "0x10": -1, "1e3": -1,
	}
	for text, want := range tests {
		got, err := parseSize(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("parseSize(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	f.Add("64KiB")
	f.Add("16 mib")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseSize(text)
		if err != nil || n < 0 || n > 1<<31 {
			return
		}
		if again, err := parseSize(formatSize(int(n))); err != nil || again != n {
			t.Errorf("parseSize(%q) = %d, written %q, read as %d, %v", text, n, formatSize(int(n)), again, err)
		}
	})
}

func TestSuggest(t *testing.T) {
	names := []string{"--limits-message-size", "--limits-message-rate", "--listen", "--lan", "--web"}
	tests := map[string]string{
		"--limits-mesage-size":  "--limits-message-size",
		"--limits-message_rate": "--limits-message-rate",
		"--lisen":               "--listen",
		"--wb":                  "--web",
		"--something":           "",
		"":                      "",
	}
	for name, want := range tests {
		if got := suggest(name, names); got != want {
			t.Errorf("suggest(%q) = %q, want %q", name, got, want)
		}
	}
}
