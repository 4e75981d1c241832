package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"time"

	"recado/internal/loadgen"
	"recado/internal/loadgen/report"
	"recado/internal/locale"

	"github.com/spf13/cobra"
)

const exitAssertion = 8

// A benchmark is what the command line asks for. The strings are checked by load and by run.
type benchmark struct {
	config                   loadgen.Config
	protocol                 string
	size, rate, stall, churn string
	json, html               string
	compare, failIf          string

	conditions []report.Condition
	before     *report.Report
}

func newBenchCommand(p *program, texts *locale.Texts) *cobra.Command {
	b := &benchmark{}
	var who caller
	cmd := &cobra.Command{
		Use:   "bench " + texts.Text("bench.use"),
		Short: texts.Text("bench.short"),
		Long:  texts.Text("bench.long", "Default", p.serverAddress()),
		Example: "  recado bench\n  recado bench --clients 5000 --in-flight 64 --pid $(pgrep -nf 'recado serve')\n" +
			"  recado bench --rate 100/s --fail-if 'p99>50ms,lost>0'\n  recado bench --clients 18000 --duration 0",
		Args: oneAddress,
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := p.visit(who, args)
			if err != nil {
				return err
			}
			b.config.URL = rawAddress(v)
			return p.bench(cmd, b, texts)
		},
	}
	f := cmd.Flags()
	f.IntVar(&b.config.Connections, "clients", 1000, texts.Text("bench.flag.clients"))
	f.StringVar(&b.protocol, "protocol", string(loadgen.Raw), texts.Text("bench.flag.protocol"))
	f.IntVar(&b.config.Rooms, "rooms", 1, texts.Text("bench.flag.rooms"))
	f.IntVar(&b.config.Senders, "senders", 0, texts.Text("bench.flag.senders"))
	f.StringVar(&b.size, "size", "64", texts.Text("bench.flag.size"))
	f.IntVar(&b.config.InFlight, "in-flight", 16, texts.Text("bench.flag.in_flight"))
	f.StringVar(&b.rate, "rate", "", texts.Text("bench.flag.rate"))
	f.DurationVar(&b.config.Duration, "duration", 10*time.Second, texts.Text("bench.flag.duration"))
	f.DurationVar(&b.config.Warmup, "warmup", 2*time.Second, texts.Text("bench.flag.warmup"))
	f.DurationVar(&b.config.Settle, "settle", 5*time.Second, texts.Text("bench.flag.settle"))
	f.StringVar(&b.stall, "stall", "", texts.Text("bench.flag.stall"))
	f.StringVar(&b.churn, "churn", "", texts.Text("bench.flag.churn"))
	f.IntVar(&b.config.Dialing, "connecting", 32, texts.Text("bench.flag.connecting"))
	f.IntVar(&b.config.PID, "pid", 0, texts.Text("bench.flag.pid"))
	f.StringVar(&b.json, "json", "", texts.Text("bench.flag.json"))
	f.StringVar(&b.html, "html", "", texts.Text("bench.flag.html"))
	f.StringVar(&b.compare, "compare", "", texts.Text("bench.flag.compare"))
	f.StringVar(&b.failIf, "fail-if", "", texts.Text("bench.flag.fail_if"))
	who.addTokenFlag(f, texts)
	f.BoolVar(&b.config.AnyTarget, "i-own-this-server", false, texts.Text("bench.flag.own"))
	return cmd
}

// rawAddress writes ws for http, which people give for RECADO_SERVER, and has the token in it: raw clients have no other
// place for one.
func rawAddress(v visit) string {
	u, err := url.Parse(v.address)
	if err != nil {
		return v.address
	}
	if u.Scheme == "http" {
		u.Scheme = "ws"
	}
	if v.token != "" {
		query := u.Query()
		query.Set("token", v.token)
		u.RawQuery = query.Encode()
	}
	return u.String()
}

// bench measures, and says what it has measured even if the load broke off.
func (p *program) bench(cmd *cobra.Command, b *benchmark, texts *locale.Texts) error {
	ctx, stop := signalContext(cmd.Context())
	defer stop()
	if err := b.load(cmd.Flags().Changed); err != nil {
		return err
	}
	files, err := b.open()
	if err != nil {
		return err
	}
	b.config.Watch = new(loadgen.Watch)
	stopProgress := p.watch(b.config, texts)
	result, err := b.measure(ctx)
	stopProgress()
	if received, is := errors.AsType[signalError](context.Cause(ctx)); is && ctx.Err() != nil {
		return &exitError{code: signalCode(received.signal)}
	}
	if result == nil {
		return benchProblem(err, b.config)
	}
	if tellErr := p.tell(b, result, files, texts); tellErr != nil {
		return tellErr
	}
	failures := result.Failures(b.conditions)
	for _, failure := range failures {
		say(p.stderr, "recado: "+failure.Text(texts)+"\n")
	}
	switch {
	case len(failures) > 0:
		return &exitError{code: exitAssertion}
	case err != nil:
		return benchProblem(err, b.config)
	}
	return nil
}

// measure returns a report also with an error, if there is something to report.
func (b *benchmark) measure(ctx context.Context) (*report.Report, error) {
	version := thisBuild().String()
	if b.config.Duration == 0 {
		r, err := loadgen.Idle(ctx, b.config)
		if err != nil {
			return nil, err
		}
		return report.NewIdle(r, version), nil
	}
	r, err := loadgen.Run(ctx, b.config)
	if r == nil || r.Elapsed == 0 {
		return nil, err
	}
	return report.New(r, version), err
}

// tell writes the report to all who want it.
func (p *program) tell(b *benchmark, r *report.Report, files outputs, texts *locale.Texts) error {
	table := func(to io.Writer) error { return r.Print(to, texts, b.before) }
	page := func(to io.Writer) error { return r.WritePage(to, texts, b.before) }
	if b.json == "-" {
		table = r.Write
	}
	if err := table(p.stdout); err != nil {
		return err
	}
	return errors.Join(replaceText(files.json, r.Write), replaceText(files.html, page))
}

// Outputs are the files to write, opened before the measurement, so that it is not made in vain; nil for none.
type outputs struct{ json, html *os.File }

// open also reads the report to compare with, which may be the very file to write.
func (b *benchmark) open() (o outputs, err error) {
	if b.compare != "" {
		if b.before, err = readReport(b.compare); err != nil {
			return o, fileProblem(b.compare, err)
		}
	}
	if b.json != "-" {
		if o.json, err = openOutput(b.json); err != nil {
			return o, err
		}
	}
	o.html, err = openOutput(b.html)
	return o, err
}

func readReport(name string) (*report.Report, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return report.Read(file)
}

// openOutput leaves what the file has until replaceText is called.
func openOutput(name string) (*os.File, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fileProblem(name, err)
	}
	return file, nil
}

// replaceText gives the file, if there is one, another text, and closes it.
func replaceText(file *os.File, write func(io.Writer) error) error {
	if file == nil {
		return nil
	}
	text := bufio.NewWriter(file)
	err := errors.Join(file.Truncate(0), write(text), text.Flush(), file.Close())
	if err != nil {
		return fileProblem(file.Name(), err)
	}
	return nil
}
