package main

import (
	"bytes"
	"encoding/json"
	"strings"

	"recado/internal/locale"
)

// toml writes the configuration as a file says it. origins adds where each value is from.
func (c *config) toml(origins bool) string {
	var b strings.Builder
	for _, g := range c.groups() {
		for _, s := range g.settings {
			if g.protects() && s.value.String() == "" {
				b.WriteString("#") // it cannot be set to nothing
			}
			b.WriteString(s.toml(s.key) + comment(origins, c.origins[s.key]) + "\n")
		}
	}
	return b.String() + c.rules(origins)
}

// rules writes the rules of rooms as a file says them: only what each says.
func (c *config) rules(origins bool) string {
	var b strings.Builder
	for _, r := range c.rooms {
		b.WriteString("\n[[" + roomsTable + "]]\n")
		for _, s := range r.settings() {
			if from := r.origins[s.key]; from != "" {
				b.WriteString(s.toml(strings.TrimPrefix(s.key, roomsTable+".")) + comment(origins, from) + "\n")
			}
		}
	}
	return b.String()
}

func comment(origins bool, from string) string {
	switch {
	case !origins:
		return ""
	case from == "":
		return " # default"
	}
	return " # " + from
}

// toml is the line that sets the setting to the value that it has.
func (s setting) toml(key string) string {
	text := s.value.String()
	if list, is := s.list(); is {
		var quoted []string
		for _, entry := range list.GetSlice() {
			quoted = append(quoted, quote(entry))
		}
		return key + " = [" + strings.Join(quoted, ", ") + "]"
	}
	if kind := s.value.Type(); kind == switchType || kind == countType {
		return key + " = " + text
	}
	return key + " = " + quote(text)
}

// quote writes a string of TOML: one of JSON, except for the one control character that JSON leaves as it is.
func quote(text string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err) // a string
	}
	return strings.ReplaceAll(strings.TrimSpace(b.String()), "\x7f", `\u007f`)
}

// template is a file that says nothing, and shows everything that it could say.
func template(texts *locale.Texts) string {
	c := newConfig()
	c.limits = c.limits.WithDefaults()
	var b strings.Builder
	note := func(text string) {
		for _, line := range wrap(text, helpWidth-2) {
			b.WriteString("# " + line + "\n")
		}
	}
	note(texts.Text("config.init.header"))
	for _, g := range c.groups() {
		b.WriteString("\n\n# " + strings.ToUpper(texts.Text("settings."+g.id)) + "\n")
		for _, s := range g.settings {
			b.WriteString("\n")
			note(plainText(texts, "setting."+s.key))
			b.WriteString("#" + s.toml(s.key) + "\n")
		}
	}
	b.WriteString("\n")
	note(texts.Text("config.init.rooms"))
	b.WriteString("#[[" + roomsTable + "]]\n")
	for _, s := range exampleRule().settings() {
		b.WriteString("#" + s.toml(strings.TrimPrefix(s.key, roomsTable+".")) + " # " + plainText(texts, "setting_of."+s.key) + "\n")
	}
	return b.String()
}

// plainText is a help text without the quotes around the value's name.
func plainText(texts *locale.Texts, id string) string {
	return strings.ReplaceAll(texts.Text(id), "`", "")
}

// exampleRule lets some speak and all others listen.
func exampleRule() *roomRule {
	r := new(roomRule)
	values := map[string]string{
		"name": "news-*", "publish": "ana,beto", "anonymous": "subscribe,history",
		"message_size": "4KiB", "message_rate": "5", "message_burst": "10", "queue_policy": "drop-oldest",
		"history_messages": "1000", "history_age": "720h", "history_bytes": "4MiB",
	}
	for _, s := range r.settings() {
		if err := s.set(values[strings.TrimPrefix(s.key, roomsTable+".")]); err != nil {
			panic(err) // a row without an example
		}
	}
	return r
}
