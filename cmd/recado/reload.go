package main

import (
	"context"
	"strings"

	"recado"
	"recado/internal/auth"
	"recado/internal/broker/memory"
	"recado/internal/locale"
	"recado/internal/server"
)

// reload takes over the configuration of now; when something is wrong with it, all stays as it is.
func (s *serving) reload(ctx context.Context, relay *server.Server, broker *memory.Broker) {
	s.manager.tell(ctx, "RELOADING=1")
	defer s.manager.tell(ctx, "READY=1")
	if err := s.takeOver(relay, broker); err != nil {
		s.notReloaded(err)
	}
}

// takeOver goes on with what the configuration, and the files that it names, say now: for those who come from now on.
func (s *serving) takeOver(relay *server.Server, broker *memory.Broker) error {
	next, err := s.configure()
	if err != nil {
		return err
	}
	changes := s.config.changes(next)
	config := next.server(broker, s.log)
	if config.MetricsAuthenticator, err = next.access.metricsToken(s.log); err != nil {
		return err
	}
	tokens, err := next.access.tokens(s.log)
	if err != nil {
		return err
	}
	if err = s.reloadCertificate(); err == nil { // as by itself when the files change; now
		err = startProblem(relay.Reload(config))
	}
	if err != nil {
		tokens.Close()
		return err
	}
	broker.SetLimits(next.limits)
	s.level.Set(next.logLevel)
	s.config = next
	s.admit(tokens)
	for _, c := range changes {
		if c.now {
			s.log.Info("setting reloaded", "key", c.key, "value", c.value, "was", c.was)
		} else {
			s.log.Warn("setting needs a restart", "key", c.key, "value", c.value, "running", c.was)
		}
	}
	s.log.Info("configuration reloaded", "file", next.file)
	return nil
}

// notReloaded logs each of the errors.
func (s *serving) notReloaded(err error) {
	for _, each := range joined(err) {
		s.notReloaded(each)
	}
	if joined(err) == nil {
		message, hint := describe(locale.New(locale.English), err)
		s.log.Error("configuration not reloaded", "error", message, "hint", hint)
	}
}

// admit lets the guard go by these tokens, which may be nil, and by the rules of the configuration.
func (s *serving) admit(tokens *auth.Tokens) {
	var authenticator recado.Authenticator
	if tokens != nil {
		authenticator = tokens
	}
	s.guard.Set(authenticator, s.config.limits.RoomRules)
	s.tokens.Close()
	s.tokens = tokens
}

// joinLines is for the log.
func joinLines(rules string) string {
	return strings.Join(strings.FieldsFunc(rules, func(r rune) bool { return r == '\n' }), "; ")
}

// A change is a setting with another value than before.
type change struct {
	key, value, was string
	now             bool // it can change while the server runs
}

// changes compares c with the configuration that is to follow it, which keeps those values of c that cannot change
// while the server runs.
func (c *config) changes(next *config) (found []change) {
	before := c.settings()
	for i, s := range next.settings() {
		value, was := s.value.String(), before[i].value.String()
		if value == was || s.isClients() {
			continue
		}
		found = append(found, change{s.key, value, was, s.isLive()})
		if !s.isLive() {
			_ = s.take(before[i]) // it was taken before
			next.origins[s.key] = c.origins[s.key]
		}
	}
	if value, was := joinLines(next.rules(false)), joinLines(c.rules(false)); value != was {
		found = append(found, change{roomsTable, value, was, true})
	}
	next.limits = next.limits.WithDefaults() // those of the rooms follow from the others
	return found
}
