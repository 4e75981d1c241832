//go:build linux

// Command fanout measures what one delivery costs Recado and the peers beside it: each server in turn, pinned to
// one core, relays between many real connections of a load generator pinned to another.
//
//	cd bench/peers && go run ./fanout                  CPU per delivery, as a ratio to gws
//	cd bench/peers && go run ./fanout -idle 18000      memory per idle connection
//	cd bench/peers && go run ./fanout -peers all -report ../../docs/benchmarks.md
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"recado/internal/loadgen"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "fanout:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

// Options are the command line.
type options struct {
	peers                []string
	inFlight             []int
	rounds, clients      int
	size, idle, stalled  int
	warmup, duration     time.Duration
	settle, gather       time.Duration
	experiments          bool
	timeout              time.Duration
	json, report         string
	from                 []string
	serverCore, loadCore int
	command              string // to get the same again
}

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{command: strings.TrimSpace("go run ./fanout " + strings.Join(args, " "))}
	flags := flag.NewFlagSet("fanout", flag.ContinueOnError)
	flags.SetOutput(stderr)
	peers := flags.String("peers", "recado,gws,gorilla,coder", "the servers, in the order of the table, or all")
	inFlight := flags.String("w", "1,16,64,256", "messages in flight")
	flags.IntVar(&o.rounds, "rounds", 3, "how often everything is measured, interleaved")
	flags.IntVar(&o.clients, "clients", 1000, "connections")
	flags.IntVar(&o.size, "size", 64, "bytes of a message")
	flags.DurationVar(&o.warmup, "warmup", time.Second, "load before each measurement")
	flags.DurationVar(&o.duration, "duration", 3*time.Second, "of each measurement")
	flags.IntVar(&o.stalled, "stalled", 0, "connections, of all, that never read")
	flags.IntVar(&o.idle, "idle", 0, "measure the memory of so many idle connections instead; with -report, besides")
	flags.DurationVar(&o.settle, "settle", 5*time.Second, "silence before memory is read")
	flags.DurationVar(&o.gather, "gather", 100*time.Microsecond, "pause between two looks of the load generator; negative: each delivery wakes it, at the server's expense")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "for a message to reach everyone; a server that needs more does not keep up")
	flags.StringVar(&o.report, "report", "", "also write a page (Markdown) to this file, and its plot beside it")
	flags.BoolVar(&o.experiments, "experiments", false, "measure growth, an open loop and large messages, too")
	from := flags.String("from", "", "measure nothing, but report what these files, written by -json, have together")
	flags.StringVar(&o.json, "json", "", "also write every figure to this file")
	flags.IntVar(&o.serverCore, "server-core", 0, "the core of the server")
	flags.IntVar(&o.loadCore, "load-core", 1, "the core of the load")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *from != "" {
		o.from = strings.Split(*from, ",")
	}
	if o.peers = strings.Split(*peers, ","); *peers == "all" {
		o.peers = servers()
	}
	for _, peer := range o.peers {
		if !slices.Contains(servers(), peer) {
			return o, fmt.Errorf("-peers: %q is not known", peer)
		}
	}
	for field := range strings.SplitSeq(*inFlight, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-w: %q is not a number of messages", field)
		}
		o.inFlight = append(o.inFlight, n)
	}
	if o.rounds < 1 || o.clients < 2 {
		return o, fmt.Errorf("nothing to measure with %d rounds and %d clients", o.rounds, o.clients)
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	var r *report
	if o.from != nil {
		r, err = readReports(o.from)
	} else {
		r, err = measureAll(ctx, o, stderr)
	}
	if err != nil {
		return err
	}
	if o.json != "" {
		if err := r.writeJSON(o.json); err != nil {
			return err
		}
	}
	if o.report != "" {
		if err := r.writePage(o.report); err != nil {
			return err
		}
	}
	return r.print(stdout)
}

func measureAll(ctx context.Context, o options, progress io.Writer) (*report, error) {
	if err := moveTo(o.loadCore); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "fanout-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	programs, err := build(ctx, dir, o.peers, progress)
	if err != nil {
		return nil, err
	}
	r := newReport(o, programs)
	if o.idle == 0 || o.report != "" {
		if err := measure(ctx, o, programs, r, progress); err != nil {
			return nil, err
		}
	}
	if o.experiments {
		for _, e := range experiments {
			if err := e.measure(ctx, o, programs, r, progress); err != nil {
				return nil, err
			}
		}
	}
	if o.idle > 0 {
		if err := measureIdle(ctx, o, programs, r, progress); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// measure starts a fresh server for each cell of the table; within a round all of them meet the same weather.
func measure(ctx context.Context, o options, programs []program, r *report, progress io.Writer) error {
	for round := range o.rounds {
		for _, w := range o.inFlight {
			for i := range programs {
				p := programs[(i+round)%len(programs)] // no server always comes first
				c, err := measureOne(ctx, o, p, w)
				if err != nil {
					return fmt.Errorf("%s with %d in flight: %w", p.name, w, err)
				}
				c.Round = round + 1
				r.Cells = append(r.Cells, c)
				if c.Failed != "" {
					_, _ = fmt.Fprintf(progress, "round %d/%d  w=%-4d %-16s %s\n", c.Round, o.rounds, w, p.name, c.Failed)
					continue
				}
				_, _ = fmt.Fprintf(progress, "round %d/%d  w=%-4d %-16s %7.3f µs  %9.0f deliveries/s  %5.1f per read  load %.3f µs\n",
					c.Round, o.rounds, w, p.name, c.ServerMicros, c.PerSecond, c.PerRead, c.LoadMicros)
			}
		}
	}
	return nil
}

// longest is how long a slow server is measured at most.
const longest = 15 * time.Second

// measureOne measures again, for longer, where there was too little to see.
func measureOne(ctx context.Context, o options, p program, inFlight int) (cell, error) {
	c, err := measureFor(ctx, o, p, inFlight, o.duration)
	if err == nil && c.brief() && o.duration < longest {
		return measureFor(ctx, o, p, inFlight, longest)
	}
	return c, err
}

func measureFor(ctx context.Context, o options, p program, inFlight int, duration time.Duration) (cell, error) {
	return measureLoad(ctx, o, p, loadgen.Config{
		Connections: o.clients, Size: o.size, InFlight: inFlight, Stalled: o.stalled,
		Warmup: o.warmup, Duration: duration, Gather: o.gather, Timeout: o.timeout,
	})
}

// measureLoad puts a fresh server under the load. It returns an error only if the server cannot be started or ctx has
// ended: one that does not keep up is a finding.
func measureLoad(ctx context.Context, o options, p program, load loadgen.Config) (cell, error) {
	s, err := start(ctx, p, o.serverCore)
	if err != nil {
		return cell{}, err
	}
	defer s.stop()
	load.URL, load.PID = s.url, s.pid()
	result, err := loadgen.Run(ctx, load)
	if ctx.Err() != nil {
		return cell{}, ctx.Err()
	}
	c := cell{Server: p.name, InFlight: load.InFlight}
	if result != nil && result.Elapsed > 0 {
		c = newCell(p.name, result)
	}
	if err != nil {
		c.Failed = err.Error()
	}
	return c, nil
}

func measureIdle(ctx context.Context, o options, programs []program, r *report, progress io.Writer) error {
	for round := range o.rounds {
		for _, p := range programs {
			s, err := start(ctx, p, o.serverCore)
			if err != nil {
				return err
			}
			c := loadgen.Config{URL: s.url, PID: s.pid(), Connections: o.idle, Settle: o.settle, Timeout: o.timeout}
			result, err := loadgen.Idle(ctx, c)
			s.stop()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				r.Idle = append(r.Idle, idle{Server: p.name, Round: round + 1, Connections: o.idle, Failed: err.Error()})
				_, _ = fmt.Fprintf(progress, "round %d/%d  %-16s %v\n", round+1, o.rounds, p.name, err)
				continue
			}
			r.Idle = append(r.Idle, newIdle(p.name, round+1, result))
			_, _ = fmt.Fprintf(progress, "round %d/%d  %-16s %6.0f bytes per connection\n",
				round+1, o.rounds, p.name, result.BytesPerConnection())
		}
	}
	return nil
}
