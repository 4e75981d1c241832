package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"recado/internal/locale"
)

var update = flag.Bool("update", false, "write the tables of docs/configuration.md")

const reference = "../../docs/configuration.md"

// The tables of docs/configuration.md are made of those of the program: make docs writes them.
func TestReference(t *testing.T) {
	before, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	texts := locale.New(locale.English)
	text := between(t, string(before), "settings", referenceOfSettings(texts))
	text = between(t, text, "rooms", referenceOfRooms(texts))
	switch {
	case text == string(before):
	case *update:
		if err := os.WriteFile(reference, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Error("docs/configuration.md is not up to date: make docs")
	}
}

// between replaces what stands between <!-- name --> and <!-- end -->.
func between(t *testing.T, text, name, table string) string {
	t.Helper()
	before, rest, begins := strings.Cut(text, "<!-- "+name+" -->\n")
	_, after, ends := strings.Cut(rest, "<!-- end -->\n")
	if !begins || !ends {
		t.Fatalf("%s has no place for %s", reference, name)
	}
	return before + "<!-- " + name + " -->\n" + table + "<!-- end -->\n" + after
}

func referenceOfSettings(texts *locale.Texts) string {
	var b strings.Builder
	for _, g := range newConfig().groups() {
		b.WriteString("\n### " + texts.Text("settings."+g.id) + "\n\n")
		b.WriteString("| key, flag, variable | type | default | | `SIGHUP` |\n|---|---|---|---|---|\n")
		for _, s := range g.settings {
			b.WriteString(referenceOf(s, texts))
		}
	}
	return b.String() + "\n"
}

func referenceOf(s setting, texts *locale.Texts) string {
	names := code(s.key)
	if s.flag() != "" {
		names += "<br>" + code("--"+s.flag())
	}
	names += "<br>" + code(s.variable())
	reloads := "restart"
	switch {
	case s.isClients():
		reloads = ""
	case s.isLive():
		reloads = "reloads"
	}
	return row(names, kindOfValue(s), standardOf(s), plainText(texts, "setting."+s.key), reloads)
}

func referenceOfRooms(texts *locale.Texts) string {
	var b strings.Builder
	b.WriteString("| key | example | |\n|---|---|---|\n")
	for _, s := range exampleRule().settings() {
		key := strings.TrimPrefix(s.key, roomsTable+".")
		b.WriteString(row(code(key), code(s.toml(key)), plainText(texts, "setting_of."+s.key)))
	}
	return b.String()
}

func row(cells ...string) string {
	return "| " + strings.ReplaceAll(strings.Join(cells, " | "), "|  |", "| |") + " |\n"
}

func code(text string) string { return "`" + text + "`" }

// kindOfValue is how a file has the value.
func kindOfValue(s setting) string {
	kind := "text"
	switch s.value.Type() {
	case switchType:
		return "true or false"
	case countType:
		return "number"
	case sizeType, durationType:
		kind = s.value.Type()
	}
	if _, is := s.list(); is {
		return "list"
	}
	return kind
}

func standardOf(s setting) string {
	switch {
	case s.standard != "":
		return code(s.standard)
	case s.value.Type() == switchType:
		return code("false")
	}
	return ""
}
