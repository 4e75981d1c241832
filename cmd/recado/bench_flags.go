package main

import (
	"cmp"
	"errors"
	"io/fs"
	"math"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"recado/internal/loadgen"
	"recado/internal/loadgen/report"
	"recado/internal/tui"
)

// load fills the configuration in from the flags that are texts; changed says which flags were given.
func (b *benchmark) load(changed func(flag string) bool) error {
	c := &b.config
	switch {
	case b.rate != "" && changed("in-flight"):
		return benchLoadProblem("both", "--in-flight, --rate")
	case c.Duration == 0 && (b.rate != "" || b.stall != "" || b.churn != "" || changed("in-flight") || changed("senders")):
		return benchLoadProblem("idle", "--duration 0")
	}
	c.Protocol = loadgen.Protocol(b.protocol)
	if choices := protocolNames(); !slices.Contains(choices, b.protocol) {
		return benchValue("--protocol", b.protocol, "choice", "Choices", strings.Join(choices, ", "))
	}
	size, err := parseSize(b.size)
	if err != nil || size > math.MaxInt32 {
		return benchValue("--size", b.size, "bench_size")
	}
	c.Size = int(size)
	if size == 0 {
		c.Size = loadgen.MinSize - 1 // zero would be the default
	}
	if c.Rate, err = parseRate(b.rate); err != nil {
		return benchValue("--rate", b.rate, "bench_rate")
	}
	if c.Churn, err = parseRate(b.churn); err != nil {
		return benchValue("--churn", b.churn, "bench_churn")
	}
	if c.Stalled, err = parseShare(b.stall, c.Connections); err != nil {
		return benchValue("--stall", b.stall, "bench_share")
	}
	if b.failIf != "" {
		if b.conditions, err = report.ParseConditions(b.failIf); err != nil {
			return conditionProblem(err)
		}
	}
	for flag, value := range map[string]*int{
		"clients": &c.Connections, "rooms": &c.Rooms, "in-flight": &c.InFlight, "senders": &c.Senders, "connecting": &c.Dialing,
	} {
		if changed(flag) && *value == 0 {
			*value = -1 // zero would be the default
		}
	}
	for _, d := range []*time.Duration{&c.Warmup, &c.Settle} {
		if *d == 0 {
			*d = 1 // as above
		}
	}
	return nil
}

func protocolNames() (names []string) {
	for _, p := range loadgen.Protocols() {
		names = append(names, string(p))
	}
	return names
}

// parseRate reads messages a second: 100/s, 100 or 0.5/s. Nothing is 0, no rate at all.
func parseRate(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	digits := strings.TrimSuffix(text, "/s")
	rate, err := strconv.ParseFloat(digits, 64)
	if err != nil || strings.Trim(digits, "0123456789.") != "" || rate <= 0 {
		return 0, cmp.Or(err, strconv.ErrSyntax)
	}
	return rate, nil
}

// parseShare reads a part of all: 10% or a number. A share is rounded to the nearest number.
func parseShare(text string, all int) (int, error) {
	if text == "" {
		return 0, nil
	}
	digits, isPercent := strings.CutSuffix(text, "%")
	if !isPercent {
		n, err := strconv.ParseUint(text, 10, 31)
		return int(n), err
	}
	percent, err := strconv.ParseFloat(digits, 64)
	if err != nil || strings.Trim(digits, "0123456789.") != "" || percent > 100 {
		return 0, cmp.Or(err, strconv.ErrSyntax)
	}
	return int(math.Round(percent / 100 * float64(all))), nil
}

func benchValue(flag, value, variant string, facts ...any) error {
	facts = append([]any{"Source", flag, "Value", value}, facts...)
	return &exitError{code: exitUsage, err: &problem{id: "value_invalid", variant: variant, facts: facts}}
}

func conditionProblem(err error) error {
	wrong, is := errors.AsType[*report.ConditionError](err)
	if !is {
		return err
	}
	return benchValue("--fail-if", strconv.Quote(wrong.Part), "bench_"+wrong.Wrong, "Metric", wrong.Metric,
		"Metrics", strings.Join(report.MetricNames(), " "), "Example", wrong.Example())
}

func benchLoadProblem(variant, cause string) error {
	return &exitError{code: exitUsage, err: &problem{id: "bench_load", variant: variant, facts: []any{"Cause", cause}}}
}

func fileProblem(name string, err error) error {
	cause := err
	if wrong, is := errors.AsType[*fs.PathError](err); is {
		cause = wrong.Err
	}
	return &problem{id: "bench_file", facts: []any{"File", name, "Cause", cause}, err: err}
}

// benchProblem gives the errors of a load their texts and exit codes.
func benchProblem(err error, c loadgen.Config) error {
	host := c.URL
	if u, urlErr := url.Parse(c.URL); urlErr == nil {
		host = u.Host
	}
	coded := func(code int, id string, facts ...any) error {
		return &exitError{code: code, err: &problem{id: id, facts: facts, err: err}}
	}
	if wrong, is := errors.AsType[*loadgen.ConfigError](err); is {
		variant := string(wrong.Setting)
		if wrong.Setting == loadgen.SettingOther {
			variant = ""
		}
		return benchLoadProblem(variant, wrong.Error())
	}
	if wrong, is := errors.AsType[*loadgen.FileLimitError](err); is {
		return coded(exitConfig, "fd_limit", "Files", wrong.Files, "Connections", c.Connections, "Needed", wrong.Needed)
	}
	_, isName := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, loadgen.ErrUnsupported):
		return coded(exitFailure, "bench_unsupported")
	case errors.Is(err, loadgen.ErrPublic):
		return coded(exitUsage, "bench_public", "Host", host)
	case errors.Is(err, loadgen.ErrProcess):
		return coded(exitUsage, "bench_process", "Process", c.PID, "Cause", err)
	case isName:
		return coded(exitUnreachable, "host_unknown", "Host", host)
	}
	if failed, is := errors.AsType[*loadgen.ConnectError](err); is {
		return connectProblem(failed, host, c.Protocol, coded)
	}
	return coded(exitFailure, "bench_broken", "Cause", tui.SafeLine(err.Error()))
}

// connectProblem is benchProblem for a connection that could not be opened.
func connectProblem(failed *loadgen.ConnectError, host string, protocol loadgen.Protocol, coded func(int, string, ...any) error) error {
	if refused, is := errors.AsType[*loadgen.RefusedError](failed); is {
		return coded(exitRefused, "bench_refused", "Number", failed.Number, "Status", refused.Status)
	}
	switch {
	case errors.Is(failed, loadgen.ErrProtocol):
		return coded(exitRefused, "bench_protocol", "Host", host, "Protocol", protocol)
	case errors.Is(failed, syscall.ECONNREFUSED):
		return coded(exitUnreachable, "no_server", "Host", host)
	case errors.Is(failed, os.ErrDeadlineExceeded):
		return coded(exitUnreachable, "server_silent", "Host", host)
	}
	return coded(exitUnreachable, "connection_failed", "Host", host, "Cause", tui.SafeLine(failed.Error()))
}
