package storm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"recado/internal/storm"
)

// A book is the log that all clients write, with a tally of it.
type book struct {
	mu     sync.Mutex // guards what follows
	events []storm.Event
	tally  map[string]int
	here   map[string]bool // the clients that have been in their room
}

func newBook() *book { return &book{tally: map[string]int{}, here: map[string]bool{}} }

func (b *book) write(e storm.Event) {
	what := e.Do // in the tally
	switch {
	case e.Do == storm.Welcome && e.Recovered:
		what = "recovered"
	case e.Do == storm.Gap:
		what = "gap " + e.Reason
	case e.Do == storm.Lost:
		what = "lost " + e.Reason
	case e.Do == storm.Ack && e.Duplicate:
		what = "duplicate ack"
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
	b.tally[what]++
	if e.Do == storm.Welcome || e.Do == storm.Open {
		b.here[e.Client] = true
	}
}

// present is the number of clients that have been in their room.
func (b *book) present() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.here)
}

func (b *book) count(what string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tally[what]
}

// heard reports whether the client has got a message with that text.
func (b *book) heard(client, text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.events, func(e storm.Event) bool {
		return e.Client == client && e.Do == storm.Message && string(e.Data) == text
	})
}

// check lets the rules judge the log. What they complain of fails the test, and the log is kept then.
func (b *book) check(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	broken := map[string]int{}
	for _, v := range storm.Check(b.events) {
		if broken[v.Rule]++; broken[v.Rule] <= 3 {
			t.Error(v)
		}
	}
	if len(broken) > 0 {
		t.Errorf("violations of each rule: %v", broken)
	}
	if !t.Failed() {
		return
	}
	var text strings.Builder
	lines := json.NewEncoder(&text)
	for _, e := range b.events {
		if err := lines.Encode(e); err != nil {
			t.Error(err)
		}
	}
	name := filepath.Join(t.ArtifactDir(), "log.ndjson")
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		t.Error(err)
	}
	t.Logf("the log is %s; with -artifacts it stays", name)
}

// patience bounds each wait; only a failing test gets near it.
const patience = time.Minute

// until waits for something that has to happen.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}

// speech is what a client says for the nth time: of any kind, unique, mostly short.
func speech(name string, n int, dice dice) (kind string, data []byte) {
	pad := strings.Repeat("ação 👋 ", dice.IntN(12))
	if dice.IntN(50) == 0 {
		pad = strings.Repeat("x", 4000+dice.IntN(4000))
	}
	switch dice.IntN(4) {
	case 0:
		return "binary", fmt.Appendf(nil, "%s/%d\x00\xff%s", name, n, pad)
	case 1:
		return "json", fmt.Appendf(nil, `{"from":%q,"n":%d,"pad":[%q,null,true]}`, name, n, pad)
	default:
		return "text", fmt.Appendf(nil, "%s/%d %s", name, n, pad)
	}
}
