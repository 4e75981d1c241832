package main

import (
	"log/slog"
	"slices"
	"strings"

	"recado"
	"recado/internal/locale"

	"github.com/spf13/pflag"
)

const (
	standardListen = "localhost:8765"
	standardWeb    = "localhost:8000"
	devPage        = "web/page" // from the root of the source
)

// A config is what a person can set of the server. Zero limits mean the defaults.
type config struct {
	listen, web  string
	webChosen    bool // not the default, even if equal to it
	lan          bool
	allowOrigins []string
	allowHosts   []string
	access       accessConfig
	compress     bool
	dev          bool
	state        stateFile
	pprof        string
	logLevel     slog.Level
	logFormat    string
	limits       recado.Limits
}

func newConfig() *config {
	return &config{listen: standardListen, web: standardWeb, logFormat: textFormat}
}

// A setting is one line of the table that flags and environment are made from. limits.message_size is
// --limits-message-size and RECADO_LIMITS_MESSAGE_SIZE; its help is the text "setting.limits.message_size".
type setting struct {
	key      string
	value    pflag.Value
	standard string // the default, as help shows it; "" if there is none
}

// settings is the table. The values write into c.
func (c *config) settings() []setting {
	d := recado.Limits{}.WithDefaults()
	l := &c.limits
	return []setting{
		{"listen", addressValue{to: &c.listen}, standardListen},
		{"web", addressValue{to: &c.web, optional: true}, standardWeb},
		{"lan", (*switchValue)(&c.lan), ""},
		{"allow_origin", newOrigins(&c.allowOrigins), ""},
		{"allow_host", newHosts(&c.allowHosts), ""},
		{"password_file", fileValue{&c.access.passwordFile}, ""},
		{"token.secret_file", fileValue{&c.access.secretFile}, ""},
		{"token.key_file", newFiles(&c.access.keyFiles), ""},
		{"token.jwks", keySetValue{&c.access.keySet}, ""},
		{"token.audience", textValue{&c.access.audience}, ""},
		{"compress", (*switchValue)(&c.compress), ""},
		{"dev", (*switchValue)(&c.dev), ""},
		{"log.level", (*levelValue)(&c.logLevel), "info"},
		{"log.format", formatValue{&c.logFormat}, textFormat},
		{"state", fileValue{(*string)(&c.state)}, ""},
		{"pprof", profileAddress{&c.pprof}, ""},
		{"limits.message_size", sizeValue{&l.MessageSize, recado.MaxMessageSize}, formatSize(d.MessageSize)},
		{"limits.message_rate", countValue{&l.MessageRate, canBeOff}, formatCount(d.MessageRate)},
		{"limits.message_burst", countValue{&l.MessageBurst, atLeastOne}, ""},
		{"limits.queue", sizeValue{&l.Queue, anySize}, formatSize(d.Queue)},
		{"limits.queue_stall", durationValue{&l.QueueStall, atLeastOne}, formatDuration(d.QueueStall)},
		{"limits.queue_policy", policyValue{&l.QueuePolicies}, recado.Disconnect.String()},
		{"limits.control_rate", countValue{&l.ControlRate, canBeOff}, formatCount(d.ControlRate)},
		{"limits.control_burst", countValue{&l.ControlBurst, atLeastOne}, formatCount(d.ControlBurst)},
		{"limits.fragments", countValue{&l.Fragments, atLeastOne}, ""},
		{"limits.connections", countValue{&l.Connections, canBeOff}, ""},
		{"limits.rooms", countValue{&l.Rooms, canBeOff}, formatCount(d.Rooms)},
		{"limits.members_listed", countValue{&l.MembersListed, atLeastOne}, formatCount(d.MembersListed)},
		{"limits.hello", durationValue{&l.HelloTimeout, atLeastOne}, formatDuration(d.HelloTimeout)},
		{"limits.handshake", durationValue{&l.HeaderTimeout, atLeastOne}, formatDuration(d.HeaderTimeout)},
		{"limits.handshake_size", sizeValue{&l.HeaderBytes, anySize}, formatSize(d.HeaderBytes)},
		{"limits.handshake_headers", countValue{&l.HeaderCount, atLeastOne}, formatCount(d.HeaderCount)},
		{"history.messages", countValue{&l.HistoryMessages, canBeOff}, formatCount(d.HistoryMessages)},
		{"history.age", durationValue{&l.HistoryAge, canBeOff}, formatDuration(d.HistoryAge)},
		{"history.bytes", sizeValue{&l.HistoryBytes, anySize}, formatSize(d.HistoryBytes)},
		{"history.total_bytes", sizeValue{&l.HistoryTotalBytes, anySize}, formatSize(d.HistoryTotalBytes)},
		{"shutdown.drain", durationValue{&l.Drain, canBeOff}, formatDuration(d.Drain)},
		{"ping.interval", durationValue{&l.PingInterval, canBeOff}, formatDuration(d.PingInterval)},
		{"ping.timeout", durationValue{&l.PingTimeout, atLeastOne}, formatDuration(d.PingTimeout)},
	}
}

func (s setting) flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(s.key) }

func (s setting) variable() string {
	return "RECADO_" + strings.ToUpper(strings.ReplaceAll(s.key, ".", "_"))
}

// addFlags makes a flag of every setting.
func (c *config) addFlags(flags *pflag.FlagSet, texts *locale.Texts) {
	for _, s := range c.settings() {
		flag := flags.VarPF(s.value, s.flag(), "", texts.Text("setting."+s.key))
		flag.DefValue = s.standard
		if s.value.Type() == switchType {
			flag.NoOptDefVal = "true"
		}
	}
}

// readEnvironment sets what has a variable and was not set by a flag, and refuses variables with our
// prefix that mean nothing: a misspelt limit would silently not be one.
func (c *config) readEnvironment(flags *pflag.FlagSet, environ []string) error {
	settings := c.settings()
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "RECADO_") {
			continue
		}
		i := slices.IndexFunc(settings, func(s setting) bool { return s.variable() == name })
		switch {
		case i < 0 && !isForeign(name, value):
			return unknownVariable(name, settings)
		case i < 0 || flags.Changed(settings[i].flag()):
			continue
		}
		if err := settings[i].value.Set(value); err != nil {
			return badValue(name, value, err)
		}
		c.webChosen = c.webChosen || settings[i].key == "web"
	}
	c.webChosen = c.webChosen || flags.Changed("web")
	return nil
}

// check finds what each setting allows, but not all of them together.
func (c *config) check() error {
	l := c.limits.WithDefaults()
	if l.HistoryMessages == recado.Off || l.HistoryBytes >= l.MessageSize {
		return nil
	}
	return &exitError{code: exitConfig, err: &problem{id: "history_too_small", facts: []any{
		"Message", formatSize(l.MessageSize), "History", formatSize(l.HistoryBytes),
	}}}
}

func unknownVariable(name string, settings []setting) error {
	var names []string
	for _, s := range settings {
		names = append(names, s.variable())
	}
	return &exitError{code: exitConfig, err: withSuggestion("env_unknown", name, names)}
}

// isForeign tells the variables with our prefix that are not settings.
func isForeign(name, value string) bool {
	switch name {
	case "RECADO_LANG", "RECADO_SERVER":
		return true // the interface's language; the address that recado chat connects to
	case "RECADO_BIN":
		return true // where scripts keep the path of the program
	}
	if strings.HasPrefix(name, "RECADO_MSG_") {
		return true // what a command that was started for a message gets to know of it
	}
	// Kubernetes describes every service to every container in the namespace: one that is called "recado"
	// or "recado-something" is RECADO_SERVICE_HOST, RECADO_PORT=tcp://…, RECADO_PORT_8765_TCP_ADDR and so on.
	return strings.Contains(name, "_SERVICE_HOST") || strings.Contains(name, "_SERVICE_PORT") ||
		strings.Contains(name, "_PORT") && (strings.Contains(value, "://") || strings.Contains(name, "_TCP") || strings.Contains(name, "_UDP"))
}
