package main

import (
	"fmt"
	"math"
	"time"

	"recado/internal/loadgen"
	"recado/internal/locale"
)

// watch tells on stderr how far the load has come, until the returned function is called: in one line that changes
// if that is a terminal, else in a line for each phase and every few seconds of a long one.
func (p *program) watch(c loadgen.Config, texts *locale.Texts) (stop func()) {
	const often, seldom = 200 * time.Millisecond, 5 * time.Second
	terminal := isTerminal(p.stderr)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(often)
		defer ticker.Stop()
		line := progress{config: c, texts: texts}
		told := time.Time{}
		phase := loadgen.Phase(-1)
		for {
			select {
			case <-done:
				if terminal {
					say(p.stderr, "\r\x1b[K")
				}
				return
			case now := <-ticker.C:
				state := c.Watch.State()
				text := line.text(state, now)
				switch {
				case terminal:
					say(p.stderr, "\r\x1b[K"+text)
				case state.Phase != phase || now.Sub(told) >= seldom:
					say(p.stderr, text+"\n")
					told = now
				}
				phase = state.Phase
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// A progress remembers the last look, from which it knows the throughput.
type progress struct {
	config     loadgen.Config
	texts      *locale.Texts
	at         time.Time
	deliveries int64
}

func (l *progress) text(s loadgen.State, now time.Time) string {
	rate := 0.0
	if seconds := now.Sub(l.at).Seconds(); !l.at.IsZero() && seconds > 0 {
		rate = float64(s.Deliveries-l.deliveries) / seconds
	}
	l.at, l.deliveries = now, s.Deliveries
	shown := fmt.Sprintf("%.0f", rate)
	passed := func(of time.Duration) []any {
		return []any{"Passed", int(min(s.Passed, of).Seconds()), "All", math.Round(of.Seconds()*10) / 10}
	}
	switch s.Phase {
	case loadgen.Connecting:
		return l.texts.Text("bench.progress.connecting", "Done", s.Connected, "All", l.config.Connections)
	case loadgen.Joining:
		return l.texts.Text("bench.progress.joining")
	case loadgen.Warming:
		return l.texts.Text("bench.progress.warming")
	case loadgen.Measuring:
		return l.texts.Text("bench.progress.measuring", append(passed(l.config.Duration), "Rate", shown)...)
	case loadgen.Settling:
		return l.texts.Text("bench.progress.settling", passed(l.config.Settle)...)
	default:
		return l.texts.Text("bench.progress.draining")
	}
}
