package storm_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"recado/internal/storm"
)

// A jsProcess is a Node process with many clients of recado.js: web/test/support/storm-client.js.
type jsProcess struct {
	t       *testing.T
	process *exec.Cmd
	orders  io.WriteCloser
	quiet   atomic.Bool   // nothing is under way any more
	ended   chan struct{} // closed when the process is gone and its log is read
}

// A jsClient is one of them.
type jsClient struct {
	Name string `json:"name"`
	Room string `json:"room"`
	URL  string `json:"url"`
}

// newJSProcess starts the clients; each speaks once in a while until hush.
func newJSProcess(t *testing.T, clients []jsClient, pause time.Duration, b *book) *jsProcess {
	t.Helper()
	script := filepath.Join("..", "..", "web", "test", "support", "storm-client.js")
	p := &jsProcess{t: t, process: exec.Command("node", script), ended: make(chan struct{})}
	p.process.Stderr = os.Stderr
	out, err := p.process.StdoutPipe()
	if err == nil {
		p.orders, err = p.process.StdinPipe()
	}
	if err == nil {
		err = p.process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go p.read(out, b)
	t.Cleanup(func() {
		p.process.Process.Kill()
		<-p.ended
	})
	p.order(map[string]any{"clients": clients, "pause": pause.Milliseconds(), "last": lastWords})
	return p
}

// read copies the log; an event of nobody's is about the process.
func (p *jsProcess) read(out io.Reader, b *book) {
	defer close(p.ended)
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var e storm.Event
		if err := json.Unmarshal(line, &e); err != nil {
			p.t.Errorf("storm-client.js: %v: %s", err, line)
			break
		}
		switch {
		case e.Client != "":
			b.write(e)
		case e.Do == "settled":
			p.quiet.Store(true)
		default:
			p.t.Errorf("storm-client.js: %s", line)
		}
	}
	io.Copy(io.Discard, lines)
	p.process.Wait()
}

func (p *jsProcess) order(what any) {
	text, err := json.Marshal(what)
	if err == nil {
		_, err = fmt.Fprintf(p.orders, "%s\n", text)
	}
	if err != nil {
		p.t.Errorf("storm-client.js: %v", err)
	}
}

func (p *jsProcess) hush()         { p.order("hush") }
func (p *jsProcess) settled() bool { return p.quiet.Load() }
