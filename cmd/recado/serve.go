package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"recado"
	"recado/internal/auth"
	"recado/internal/broker/memory"
	"recado/internal/locale"
	"recado/internal/metrics"
	"recado/internal/server"

	"github.com/spf13/cobra"
)

const (
	leaveTime = 10 * time.Second // for clients to take their leave, besides the drain
	cutTime   = time.Second      // for a stop to be cut short
)

// gcPercent is how much garbage there may be for what is alive. Relaying makes little, so collecting it earlier
// costs next to nothing, and idle connections, which are most of what is alive, take a tenth less memory.
const gcPercent = 50

func newServeCommand(p *program, texts *locale.Texts) *cobra.Command {
	given := newConfig()
	var how manner
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   texts.Text("serve.short"),
		Long:    texts.Text("serve.long"),
		Example: "  recado serve\n  recado serve --lan\n  recado serve --listen :8765 --web \"\" --limits-message-size 1MiB",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s := &serving{
				program: p, manner: how, texts: texts, color: p.getenv("NO_COLOR") == "", fromTerminal: p.atTerminal(), level: new(slog.LevelVar),
				configure: func() (*config, error) { return p.configure(cmd.Flags(), given) },
			}
			var err error
			if s.config, err = s.configure(); err != nil {
				return err
			}
			if p.getenv("GOGC") == "" {
				debug.SetGCPercent(gcPercent)
			}
			s.level.Set(s.config.logLevel)
			s.log = p.logger(s.config.logFormat, s.level)
			s.manager = newNotifier(p.getenv, s.log)
			if s.config.file != "" {
				s.log.Info("configuration read", "file", s.config.file)
			}
			return s.run(cmd.Context())
		},
	}
	cmd.Flags().SortFlags = false // the table has an order for reading
	given.addFlags(cmd.Flags(), texts)
	cmd.Flags().BoolVar(&how.json, "json", false, texts.Text("serve.json"))
	cmd.Flags().BoolVarP(&how.quiet, "quiet", "q", false, texts.Text("serve.quiet"))
	return cmd
}

// logger is for what goes on in the server; it writes to stderr.
func (p *program) logger(format string, level slog.Leveler) *slog.Logger {
	return newLogger(p.stderr, format, level, isTerminal(p.stderr), p.getenv("NO_COLOR") == "")
}

// A serving is one run of recado serve.
type serving struct {
	*program

	configure func() (*config, error) // reads the configuration as it is now
	config    *config                 // that holds
	manner    manner
	// fromTerminal says that a person has started it there.
	fromTerminal bool
	texts        *locale.Texts
	color        bool
	level        *slog.LevelVar
	log          *slog.Logger
	tokens       *auth.Tokens // nil: everybody may come in
	guard        *auth.Guard
	certificates certificates // nil: no TLS
	manager      notifier
}

// A manner is how the start is announced on stdout.
type manner struct{ json, quiet bool }

// run serves until a signal. The exit code is 0 when the clients were told and have left or had their time;
// a second signal cuts that short, with the code of a program that the signal ended.
func (s *serving) run(ctx context.Context) error {
	// From before the first client can connect, since whoever sees an open port may send a signal, until the state
	// is written: none may end the program while the history is nowhere else.
	signals := make(chan os.Signal, 2) // a second one must not be missed
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	hangups := make(chan os.Signal, 1) // one more while the configuration is read means that it has to be read again
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	tokens, err := s.config.access.tokens(s.log)
	if err != nil {
		return err
	}
	s.guard = auth.NewGuard(nil, nil)
	s.admit(tokens)
	defer func() { s.tokens.Close() }() // those of the last reload
	broker, err := s.config.state.restore(s.config.limits)
	if err != nil {
		return err
	}
	err = s.relay(ctx, broker, signals, hangups)
	// Also when the start failed, or the end is in a hurry: the file that was there is gone.
	if lost := s.config.state.keep(broker); lost != nil {
		return errors.Join(lost, err)
	}
	return err
}

// relay is run with that broker.
func (s *serving) relay(ctx context.Context, broker *memory.Broker, signals, hangups <-chan os.Signal) error {
	stopProfile, err := s.profile(ctx)
	if err != nil {
		return err
	}
	defer stopProfile()
	config := s.measured(s.config.server(broker, s.log), broker)
	config.Authenticator = s.guard
	config.Link = func(address string) string { return s.url("http", address) }
	if config.MetricsAuthenticator, err = s.config.access.metricsToken(s.log); err != nil {
		return err
	}
	if config.Sockets, err = server.Inherited(s.getenv); err != nil {
		return startProblem(err)
	}
	forget, err := s.secure(&config)
	if err != nil {
		return err
	}
	defer forget()
	relay, err := server.New(config)
	if err != nil {
		return startProblem(err)
	}
	addresses, err := relay.Listen(ctx)
	if err != nil {
		return startProblem(err)
	}
	if err = s.obtain(ctx, addresses); err != nil {
		return errors.Join(err, relay.Stop(ctx, recado.CloseInternal))
	}
	ended := make(chan error, 1)
	go func() { ended <- relay.Serve() }()
	s.announce(addresses, relay.LAN())
	s.manager.tell(ctx, "READY=1")
	defer s.manager.live(context.WithoutCancel(ctx))()
	defer running(ctx, func(ctx context.Context) { giveBack(ctx, relay.Clients, debug.FreeOSMemory) })()
	for {
		select {
		case failure := <-ended:
			return errors.Join(fmt.Errorf("serve: %w", failure), s.stop(ctx, relay, recado.CloseInternal, signals))
		case <-hangups:
			if !s.fromTerminal || s.atTerminal() {
				s.reload(ctx, relay, broker)
				continue
			}
			err = s.stop(ctx, relay, recado.CloseGoingAway, signals) // the person has closed the terminal
		case <-ctx.Done():
			err = s.stop(context.WithoutCancel(ctx), relay, recado.CloseGoingAway, signals)
		case first := <-signals:
			code := recado.CloseGoingAway
			if first == syscall.SIGTERM {
				code = recado.CloseRestart // whoever stops us this way starts us again
			}
			err = s.stop(ctx, relay, code, signals)
		}
		if err != nil {
			return err // in a hurry
		}
		return <-ended
	}
}

// measured lets the server be counted, and show the numbers.
func (s *serving) measured(c server.Config, broker *memory.Broker) server.Config {
	m := metrics.New(metrics.Config{Version: c.Version, Log: s.log, History: func() (h metrics.History) {
		h.Rooms, h.Messages, h.Bytes, h.Capacity = broker.Kept()
		return h
	}})
	c.Observer, c.Metrics = m, m.Handler()
	return c
}

// stop tells the clients and waits for them, until their time is over or another signal comes.
func (s *serving) stop(ctx context.Context, relay *server.Server, code recado.CloseCode, signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(ctx, leaveTime+max(s.config.limits.WithDefaults().Drain, 0))
	defer cancel()
	stopped := make(chan struct{})
	go func() { // all of it: a log that nobody reads must not keep the second signal from being seen
		defer close(stopped)
		s.manager.tell(ctx, "STOPPING=1")
		s.announceStop(relay.Clients())
		if err := relay.Stop(ctx, code); err != nil {
			s.log.Warn("connections cut", "error", err)
		}
	}()
	select {
	case <-stopped:
		return nil
	case second := <-signals:
		cancel()
		select {
		case <-stopped:
		case <-time.After(cutTime): // the end of the process cuts what is left
		}
		return &exitError{code: signalCode(second)}
	}
}

// signalCode is the exit code that shells give to a program which the signal ended.
func signalCode(sig os.Signal) int {
	if number, ok := sig.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return exitFailure
}

// server is the configuration of the server's own.
func (c *config) server(broker recado.Broker, log *slog.Logger) server.Config {
	page := ""
	if c.dev {
		page = devPage
	}
	return server.Config{
		Broker:         broker,
		Listen:         c.listen,
		Web:            c.web,
		WebOptional:    c.origins["web"] == "",
		LAN:            c.lan,
		AllowOrigins:   c.allowOrigins,
		AllowHosts:     c.allowHosts,
		TrustedProxies: c.trustedProxies,
		Limits:         c.limits,
		Compress:       c.compress,
		Page:           page,
		Version:        thisBuild().Version,
		Log:            log,
	}
}

// startProblem gives an error of the start its texts and its exit code.
func startProblem(err error) error {
	var start *server.StartError
	if !errors.As(err, &start) {
		return err
	}
	code := exitBind
	if start.Code == "fd_limit" || start.Code == "sockets_invalid" || start.Code == "address_invalid" {
		code = exitConfig
	}
	return &exitError{code: code, err: &problem{id: start.Code, facts: start.Facts, err: start.Err}}
}

// running runs f on a goroutine, until the function that it returns ends f's context and has waited for it.
func running(ctx context.Context, f func(ctx context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var goroutine sync.WaitGroup
	goroutine.Go(func() { f(ctx) })
	return func() {
		cancel()
		goroutine.Wait()
	}
}
