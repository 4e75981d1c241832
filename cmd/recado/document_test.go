package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"recado"
	"recado/internal/locale"
)

// written is a file with that text.
func written(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), configName)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFile(t *testing.T) {
	name := written(t, "\ufeff"+`
listen = ":1"
web = ":2"
lan = true
allow_origin = ["https://a.example", 'https://b.example']
allow_host = "a.example,b.example"
log = {level = "debug"}

[history]
age = 0

[limits]
message_size = 0x400
message_rate = 1_000
queue = "1MiB"
queue_policy = ["ops-*=drop-oldest", "disconnect"]

[client]
server = "wss://chat.example.com"

[[rooms]]
name = "news-*"
history_messages = 5
queue_policy = "drop-oldest"

[[rooms]]
name = "big"
message_size = "2MiB"
message_rate = 0
`)
	got, err := configured([]string{"--allow-host", "c.example"}, []string{"RECADO_WEB=:3", "RECADO_ALLOW_ORIGIN=https://c.example"}, name)
	if err != nil {
		t.Fatal(err)
	}
	want := newConfig()
	want.listen, want.web, want.lan, want.logLevel = ":1", ":3", true, -4
	want.allowOrigins, want.allowHosts = []string{"https://c.example"}, []string{"c.example"}
	want.client.server, want.file = "wss://chat.example.com", name
	want.limits = recado.Limits{
		MessageSize: 1024, MessageRate: 1000, Queue: 1 << 20, HistoryAge: recado.Off,
		QueuePolicies: []recado.RoomPolicy{{Pattern: "ops-*", Policy: recado.DropOldest}, {Pattern: "*"}},
		RoomRules: []recado.RoomRule{
			{Pattern: "news-*", Limits: recado.Limits{HistoryMessages: 5, QueuePolicies: []recado.RoomPolicy{{Pattern: "*", Policy: recado.DropOldest}}}},
			{Pattern: "big", Limits: recado.Limits{MessageSize: 2 << 20, MessageRate: recado.Off}},
		},
	}.WithDefaults()
	rooms := got.rooms
	want.origins, want.rooms = got.origins, rooms
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for key, from := range map[string]string{
		"listen": name + ":2", "web": "RECADO_WEB", "allow_host": "--allow-host", "limits.message_size": name + ":13", "state": "",
	} {
		if got.origins[key] != from {
			t.Errorf("%s is from %q, want %q", key, got.origins[key], from)
		}
	}
	if l := got.limits.In("big"); l.HistoryBytes != 2<<20 || l.MessageBurst != 2 || l.HistoryAge != recado.Off {
		t.Errorf("the room's limits are %+v", l)
	}
}

// Everything that is wrong is told at once, each with its place.
func TestFileRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []string // code, place, fact
	}{
		"no TOML":            {"a = [\n", []string{"config_malformed:1:6"}},
		"twice":              {"lan = true\nlan = true", []string{"config_malformed:2:1"}},
		"a table twice":      {"limits.queue = 1\n[limits]", []string{"config_malformed:2:2"}},
		"unknown":            {"\n  lisen = 1", []string{"config_unknown_key:2:3 listen"}},
		"unknown, dotted":    {"limits.queu = 1", []string{"config_unknown_key:1:1 limits.queue"}},
		"unknown, quoted":    {`"limits.queue" = 1`, []string{"config_unknown_key:1:1 limits"}},
		"unknown, in a room": {"[[rooms]]\nname = 'a'\nhistory_mesages = 1", []string{"config_unknown_key:3:1 rooms.history_messages"}},
		"unknown table":      {"[limts]\nqueue = 1\nrooms = 2\n[log]\nlevl = 1", []string{"config_unknown_key:1:2 limits", "config_unknown_key:5:1 log.level"}},
		"unknown table, dotted": {
			"limts.queue = 1\n", []string{"config_unknown_key:1:1 limits"},
		},
		"two":                      {"lan = 1\nweb = 2", []string{"value_invalid:1:1 lan", "value_invalid:2:1 web"}},
		"a text for a switch":      {`lan = "true"`, []string{"value_invalid:1:1 lan"}},
		"a text for a count":       {`limits.rooms = "5"`, []string{"value_invalid:1:1 limits.rooms"}},
		"a number for a text":      {`state = 5`, []string{"value_invalid:1:1 state"}},
		"a number without a unit":  {`history.age = 5`, []string{"value_invalid:1:1 history.age"}},
		"a date":                   {`history.age = 1979-05-27`, []string{"value_invalid:1:1 history.age"}},
		"a list for a text":        {`state = ["a"]`, []string{"value_invalid:1:1 state"}},
		"a list of numbers":        {`allow_host = [1]`, []string{"value_invalid:1:1 allow_host"}},
		"an entry that is no host": {`allow_host = ["a", "b c"]`, []string{"value_invalid:1:1 allow_host"}},
		"a value for a table":      {`limits = 5`, []string{"value_invalid:1:1 limits"}},
		"a list for a table":       {"[[limits]]\nqueue = 1", []string{"value_invalid:1:3 limits"}},
		"a table for a list":       {"[rooms]\nname = 'a'", []string{"value_invalid:1:2 rooms"}},
		"a table for a value":      {"[lan]\nx = 1", []string{"value_invalid:1:2 lan"}},
		"a huge number":            {`limits.rooms = 99999999999999999999`, []string{"config_malformed:1:16"}},
		"rooms without a name":     {"[[rooms]]\nhistory_messages = 1", []string{"room_unnamed:1"}},
		"rooms inline":             {"rooms = [{name = 'a'}, {history_messages = 1}]", []string{"room_unnamed:1"}},
		"rooms as texts":           {"rooms = ['a']", []string{"value_invalid:1:1 rooms"}},
		"rooms twice":              {"[[rooms]]\nname = 'a'\n[[rooms]]\nname = 'a'", []string{"room_unreachable:3"}},
		"rooms after all":          {"[[rooms]]\nname = '*'\n[[rooms]]\nname = 'a'", []string{"room_unreachable:3"}},
		"a path for rooms":         {"[[rooms]]\nname = '/a'", []string{"value_invalid:2:1 rooms.name"}},
		"nobody has a token":       {"[[rooms]]\nname = 'a'\nanonymous = ['subscribe']", []string{"room_needs_tokens:1"}},
		"nobody has a subject":     {"password_file = 'x'\n[[rooms]]\nname = 'a'\npublish = ['ana']", []string{"room_needs_tokens:2"}},
		"some and everybody": {
			"token.secret_file = 'x'\n[[rooms]]\nname = 'a'\npublish = ['ana']\nanonymous = ['publish']", []string{"room_contradiction:2"},
		},
		"unknown right":               {"[[rooms]]\nname = 'a'\nanonymous = ['write']", []string{"value_invalid:3:1 rooms.anonymous"}},
		"subject that cannot be":      {"[[rooms]]\nname = 'a'\npublish = ['']", []string{"value_invalid:3:1 rooms.publish"}},
		"policy of a room":            {"[[rooms]]\nname = 'a'\nqueue_policy = 'a=disconnect'", []string{"value_invalid:3:1 rooms.queue_policy"}},
		"history for no message":      {"[[rooms]]\nname = 'a'\nhistory_bytes = 5", []string{"room_history_too_small:1"}},
		"history for no message, all": {"history.bytes = 5", []string{"history_too_small"}},
		"audience alone":              {"token.audience = 'x'", []string{"audience_alone"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := written(t, tt.text)
			_, err := configured(nil, nil, file)
			var stderr strings.Builder
			p := &program{stderr: &stderr}
			if code := p.fail(sharedTexts(), err); code != exitConfig || strings.Contains(stderr.String(), "error.") || strings.Contains(stderr.String(), "<no value>") {
				t.Errorf("exit code %d, %s", code, &stderr)
			}
			var got []string
			for _, each := range joined(err) {
				got = append(got, outline(each, file))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// outline is the code of a problem, where in the file it is, and what was probably meant.
func outline(err error, file string) string {
	trouble, is := errors.AsType[*problem](err)
	if !is {
		return err.Error()
	}
	place, meant := "", ""
	for i, fact := range trouble.facts {
		switch fact {
		case "Source":
			place = strings.TrimPrefix(fmt.Sprint(trouble.facts[i+1]), file)
		case "Suggestion":
			meant = " " + fmt.Sprint(trouble.facts[i+1])
		}
	}
	return trouble.id + place + meant
}

// What config show writes is a file that comes to the same configuration; what config init writes comes to none, and
// with its keys no longer commented out, to the defaults.
func TestFileIsWrittenAndRead(t *testing.T) {
	c, err := configured([]string{"--allow-host=a.example,b.example", "--log-level=debug", "--history-age=0", "--limits-queue-policy=a=drop-oldest disconnect"},
		[]string{"RECADO_STATE=a \"b\" \\ \t\x7f ç", "RECADO_NAME=Ana"}, written(t, "token.secret_file = 'x'\n"+exampleText()))
	if err != nil {
		t.Fatal(err)
	}
	again, err := configured(nil, nil, written(t, c.toml(true)))
	if err != nil {
		t.Fatalf("%v in\n%s", err, c.toml(true))
	}
	if c.toml(false) != again.toml(false) || !reflect.DeepEqual(c.limits, again.limits) || again.limits.HistoryAge != recado.Off {
		t.Errorf("%s\nwas read as\n%s", c.toml(false), again.toml(false))
	}
	if c.toml(true) == c.toml(false) || !strings.Contains(c.toml(true), `log.level = "debug" # --log-level`+"\n") {
		t.Errorf("no origins in\n%s", c.toml(true))
	}
	for _, l := range []locale.Language{locale.English, locale.Portuguese} {
		text := template(locale.New(l))
		nothing, err := configured(nil, nil, written(t, text))
		if err != nil || len(nothing.origins) > 0 {
			t.Errorf("%v, %v in\n%s", err, nothing, text)
		}
		full, count := withoutEmpty(uncommented(text))
		all, err := configured(nil, nil, written(t, "token.secret_file = 'x'\n"+full))
		if err != nil || len(all.origins) != count+1 || len(all.rooms) != 1 || all.limits.In("news-x").HistoryAge != 720*time.Hour {
			t.Fatalf("%v, %v in\n%s", err, all, uncommented(text))
		}
		defaults := newConfig()
		defaults.access.secretFile, defaults.limits = "x", defaults.limits.WithDefaults()
		if all.rooms = nil; all.toml(false) != defaults.toml(false) {
			t.Errorf("%s\nis not\n%s", all.toml(false), defaults.toml(false))
		}
	}
}

func exampleText() string {
	r := exampleRule()
	r.origins = map[string]string{}
	for _, s := range r.settings() {
		r.origins[s.key] = "here"
	}
	return (&config{rooms: []*roomRule{r}}).rules(false)
}

func uncommented(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if rest, is := strings.CutPrefix(line, "#"); is && !strings.HasPrefix(rest, " ") {
			line = rest
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

// withoutEmpty leaves out what cannot be set to nothing, and returns how many settings are left.
func withoutEmpty(text string) (rest string, count int) {
	for _, g := range newConfig().groups() {
		for _, s := range g.settings {
			if count++; g.protects() && s.value.String() == "" {
				text = strings.Replace(text, s.toml(s.key)+"\n", "", 1)
				count--
			}
		}
	}
	return text, count
}

// FuzzFile gives files of any bytes: an error that can be told, or a configuration that can be written and read again.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"", "a = [\n", "listen = ':1'", "[limits]\nqueue = 1", "limits = {queue = '1KiB'}", "[[rooms]]\nname = 'a'\nhistory_age = 0",
		"rooms = [{name = 'a'}, {}]", "\"a.b\".c = 1979-05-27", "client.server = 'x'\n[limits.x]", "log.level.x = \"\"\"\n\"\"\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := parseDocument("f", text)
		c := newConfig()
		if problems := errors.Join(append(c.takeEntries(entries), err)...); problems != nil {
			var stderr strings.Builder
			if code := (&program{stderr: &stderr}).fail(sharedTexts(), problems); code != exitConfig || !strings.HasSuffix(stderr.String(), "\n") {
				t.Errorf("%q: code %d, %s", text, code, &stderr)
			}
			return
		}
		c.limits = c.limits.WithDefaults() // as whatever is shown has them
		again := newConfig()
		entries, err = parseDocument("f", []byte(c.toml(false)))
		if problems := errors.Join(append(again.takeEntries(entries), err)...); problems != nil || again.toml(false) != c.toml(false) {
			t.Errorf("%q is written as %q, which is %v, and %q", text, c.toml(false), problems, again.toml(false))
		}
	})
}
