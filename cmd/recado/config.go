package main

import (
	"log/slog"
	"slices"
	"strings"

	"recado"
	"recado/internal/certificate"
	"recado/internal/locale"

	"github.com/spf13/pflag"
)

const (
	standardListen = "localhost:8765"
	standardWeb    = "localhost:8000"
	devPage        = "web/page" // from the root of the source

	variablePrefix = "RECADO_"
	clientTable    = "client." // whose settings are for the commands that talk to a server
)

// A config is what a person can set of the server. Zero limits mean the defaults.
type config struct {
	listen, web    string
	lan            bool
	allowOrigins   []string
	allowHosts     []string
	trustedProxies []string
	access         accessConfig
	tls            tlsConfig
	compress       bool
	dev            bool
	state          stateFile
	pprof          string
	logLevel       slog.Level
	logFormat      string
	limits         recado.Limits
	client         clientConfig
	rooms          []*roomRule // limits.RoomRules are made of them
	file           string      // that it was read from; "" for none

	origins map[string]string // by key: where what is not the default comes from
}

// A clientConfig is what the commands that talk to a server begin with.
type clientConfig struct{ server, name string }

func newConfig() *config {
	return &config{
		listen: standardListen, web: standardWeb, logFormat: textFormat, client: clientConfig{server: defaultServer},
		origins: map[string]string{},
		tls:     tlsConfig{acme: acmeConfig{directory: certificate.LetsEncrypt}},
	}
}

// A setting is one line of the table that flags, environment and file are read with. limits.message_size is
// --limits-message-size and RECADO_LIMITS_MESSAGE_SIZE; its help is the text "setting.limits.message_size".
type setting struct {
	key      string
	value    pflag.Value // live, if a running server can take it over
	standard string      // the default, as help shows it; "" if there is none
}

// A group is settings that are read about together, under the title "settings.<id>".
type group struct {
	id       string
	settings []setting
}

// protects reports whether the group's settings keep others out. One that is set, but to nothing, would open the server
// without a word: the variable in somebody's script was not there.
func (g group) protects() bool { return g.id == "access" || g.id == "tls" }

// live marks the value of a setting that a running server takes over when it is told to reload. Others need a restart.
type live struct{ pflag.Value }

// isLive reports whether SIGHUP is enough.
func (s setting) isLive() bool {
	_, is := s.value.(live)
	return is
}

// list returns the setting's value if it has many.
func (s setting) list() (v pflag.SliceValue, is bool) {
	inner := s.value
	if marked, can := inner.(live); can {
		inner = marked.Value
	}
	v, is = inner.(pflag.SliceValue)
	return v, is
}

// set puts the value in the place of what there was, also of a list.
func (s setting) set(text string) error {
	if list, is := s.list(); is {
		_ = list.Replace(nil) // nothing can be wrong with it
	}
	return s.value.Set(text)
}

// take sets the value to that of the same setting of another configuration.
func (s setting) take(other setting) error {
	if mine, is := s.list(); is {
		theirs, _ := other.list()
		return mine.Replace(theirs.GetSlice())
	}
	return s.value.Set(other.value.String())
}

// groups is the table, in an order for reading. The values write into c.
func (c *config) groups() []group {
	d := recado.Limits{}.WithDefaults()
	l := &c.limits
	return []group{
		{"network", []setting{
			{"listen", addressValue{to: &c.listen}, standardListen},
			{"web", addressValue{to: &c.web, optional: true}, standardWeb},
			{"lan", (*switchValue)(&c.lan), ""},
			{"allow_origin", live{newOrigins(&c.allowOrigins)}, ""},
			{"allow_host", live{newHosts(&c.allowHosts)}, ""},
			{"trusted_proxy", live{newProxies(&c.trustedProxies)}, ""},
		}},
		{"access", []setting{
			{"password_file", live{fileValue{&c.access.passwordFile}}, ""},
			{"token.secret_file", live{fileValue{&c.access.secretFile}}, ""},
			{"token.key_file", live{newFiles(&c.access.keyFiles)}, ""},
			{"token.jwks", live{keySetValue{&c.access.keySet}}, ""},
			{"token.audience", live{textValue{&c.access.audience}}, ""},
		}},
		{"tls", []setting{
			{"tls.cert", fileValue{&c.tls.certificate}, ""},
			{"tls.key", fileValue{&c.tls.key}, ""},
			{"domain", newDomains(&c.tls.domains), ""},
			{"acme.email", textValue{&c.tls.acme.email}, ""},
			{"acme.directory", directoryValue{&c.tls.acme.directory}, certificate.LetsEncrypt},
			{"acme.root_file", fileValue{&c.tls.acme.rootFile}, ""},
			{"acme.storage", fileValue{&c.tls.acme.storage}, ""},
		}},
		{"history", []setting{
			{"history.messages", live{countValue{&l.HistoryMessages, canBeOff}}, formatCount(d.HistoryMessages)},
			{"history.age", live{durationValue{&l.HistoryAge, canBeOff}}, formatDuration(d.HistoryAge)},
			{"history.bytes", live{sizeValue{&l.HistoryBytes, anySize}}, formatSize(d.HistoryBytes)},
			{"history.total_bytes", live{sizeValue{&l.HistoryTotalBytes, anySize}}, formatSize(d.HistoryTotalBytes)},
			{"state", fileValue{(*string)(&c.state)}, ""},
		}},
		{"messages", []setting{
			{"limits.message_size", live{sizeValue{&l.MessageSize, recado.MaxMessageSize}}, formatSize(d.MessageSize)},
			{"limits.message_rate", live{countValue{&l.MessageRate, canBeOff}}, formatCount(d.MessageRate)},
			{"limits.message_burst", live{countValue{&l.MessageBurst, atLeastOne}}, ""},
			{"limits.fragments", live{countValue{&l.Fragments, atLeastOne}}, ""},
			{"limits.control_rate", live{countValue{&l.ControlRate, canBeOff}}, formatCount(d.ControlRate)},
			{"limits.control_burst", live{countValue{&l.ControlBurst, atLeastOne}}, formatCount(d.ControlBurst)},
			{"limits.queue", live{sizeValue{&l.Queue, anySize}}, formatSize(d.Queue)},
			{"limits.queue_stall", live{durationValue{&l.QueueStall, atLeastOne}}, formatDuration(d.QueueStall)},
			{"limits.queue_policy", live{policyValue{&l.QueuePolicies}}, recado.Disconnect.String()},
			{"compress", (*switchValue)(&c.compress), ""},
		}},
		{"connections", []setting{
			{"limits.connections", live{countValue{&l.Connections, canBeOff}}, ""},
			{"limits.connections_per_ip", live{countValue{&l.ConnectionsPerIP, canBeOff}}, formatCount(d.ConnectionsPerIP)},
			{"limits.connect_rate", live{countValue{&l.ConnectRate, canBeOff}}, formatCount(d.ConnectRate)},
			{"limits.connect_burst", live{countValue{&l.ConnectBurst, atLeastOne}}, ""},
			{"limits.auth_failures", live{countValue{&l.AuthFailures, canBeOff}}, formatCount(d.AuthFailures)},
			{"limits.rooms", live{countValue{&l.Rooms, canBeOff}}, formatCount(d.Rooms)},
			{"limits.members_listed", live{countValue{&l.MembersListed, atLeastOne}}, formatCount(d.MembersListed)},
			{"limits.handshake", durationValue{&l.HeaderTimeout, atLeastOne}, formatDuration(d.HeaderTimeout)},
			{"limits.handshake_size", sizeValue{&l.HeaderBytes, anySize}, formatSize(d.HeaderBytes)},
			{"limits.handshake_headers", live{countValue{&l.HeaderCount, atLeastOne}}, formatCount(d.HeaderCount)},
			{"limits.hello", live{durationValue{&l.HelloTimeout, atLeastOne}}, formatDuration(d.HelloTimeout)},
			{"ping.interval", durationValue{&l.PingInterval, canBeOff}, formatDuration(d.PingInterval)},
			{"ping.timeout", durationValue{&l.PingTimeout, atLeastOne}, formatDuration(d.PingTimeout)},
		}},
		{"operation", []setting{
			{"log.level", live{(*levelValue)(&c.logLevel)}, "info"},
			{"log.format", formatValue{&c.logFormat}, textFormat},
			{"metrics.token_file", live{fileValue{&c.access.metricsFile}}, ""},
			{"pprof", profileAddress{&c.pprof}, ""},
			{"shutdown.drain", live{durationValue{&l.Drain, canBeOff}}, formatDuration(d.Drain)},
			{"dev", (*switchValue)(&c.dev), ""},
		}},
		{"clients", []setting{
			{"client.server", serverValue{&c.client.server}, defaultServer},
			{"client.name", nameValue{&c.client.name}, ""},
		}},
	}
}

// settings are those of all groups.
func (c *config) settings() (all []setting) {
	for _, g := range c.groups() {
		all = append(all, g.settings...)
	}
	return all
}

// flag is the name of its flag, "" if it has none.
func (s setting) flag() string {
	if s.isClients() {
		return ""
	}
	return strings.NewReplacer(".", "-", "_", "-").Replace(s.key)
}

// variable is the name of its variable.
func (s setting) variable() string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(s.key, clientTable), ".", "_"))
}

// isClients reports whether the setting is for the commands that talk to a server, not for the server.
func (s setting) isClients() bool { return strings.HasPrefix(s.key, clientTable) }

// addFlags makes a flag of every setting of the server.
func (c *config) addFlags(flags *pflag.FlagSet, texts *locale.Texts) {
	for _, g := range c.groups() {
		for _, s := range g.settings {
			if s.isClients() {
				continue
			}
			flag := flags.VarPF(s.value, s.flag(), "", texts.Text("setting."+s.key))
			flag.DefValue = s.standard
			flag.Annotations = map[string][]string{groupAnnotation: {texts.Text("settings." + g.id)}}
			if s.value.Type() == switchType {
				flag.NoOptDefVal = "true"
			}
		}
	}
}

// takeFlags takes what the flags that were given have set of another configuration.
func (c *config) takeFlags(flags *pflag.FlagSet, given *config) (problems []error) {
	theirs := given.settings()
	for i, s := range c.settings() {
		if flags.Changed(s.flag()) {
			problems = append(problems, s.take(theirs[i]))
			c.origins[s.key] = "--" + s.flag()
		}
	}
	return problems
}

// takeEnvironment sets what has a variable, and refuses variables with our prefix that mean nothing: a misspelt limit
// would silently not be one.
func (c *config) takeEnvironment(environ []string) (problems []error) {
	settings := c.settings()
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, variablePrefix) {
			continue
		}
		i := slices.IndexFunc(settings, func(s setting) bool { return s.variable() == name })
		switch {
		case i < 0 && !isForeign(name, value):
			problems = append(problems, unknownVariable(name, settings))
			continue
		case i < 0 || settings[i].isClients() && value == "":
			continue
		}
		if err := settings[i].set(value); err != nil {
			problems = append(problems, badValue(name, value, err))
		}
		c.origins[settings[i].key] = name
	}
	return problems
}

// check finds what each setting allows, but not all of them together. The limits have their defaults.
func (c *config) check() (problems []error) {
	for _, g := range c.groups() {
		for _, s := range g.settings {
			if from := c.origins[s.key]; from != "" && g.protects() && s.value.String() == "" {
				problems = append(problems, trouble(exitConfig, "setting_empty", "Key", s.key, "Source", from))
			}
		}
	}
	if !c.access.closed() && c.access.audience != "" {
		problems = append(problems, trouble(exitConfig, "audience_alone"))
	}
	if err := c.tls.check(); err != nil {
		problems = append(problems, err)
	}
	problems = append(problems, c.checkRooms()...)
	if tooSmall(&c.limits) {
		problems = append(problems, trouble(exitConfig, "history_too_small",
			"Message", formatSize(c.limits.MessageSize), "History", formatSize(c.limits.HistoryBytes)))
	}
	return problems
}

// tooSmall reports whether the history has no space for the largest message.
func tooSmall(l *recado.Limits) bool {
	return l.HistoryMessages != recado.Off && l.HistoryBytes < l.MessageSize
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
	case "RECADO_LANG", configVariable, "RECADO_TOKEN":
		return true // the interface's language; the file with the settings; who clients are
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
