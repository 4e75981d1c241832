package tui

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

const (
	// patience is how long a first connection may take before a person is told.
	patience = time.Second
	// longWait is the least wait that a person is told the length of.
	longWait = 5 * time.Second
	// leaving is how long the end waits for what was typed last to be read by the server.
	leaving = 3 * time.Second
)

// ErrInterrupted says that the person ended the chat with Ctrl+C.
var ErrInterrupted = errors.New("interrupted")

// Line is a chat on a terminal: what others say appears above the line that is being typed.
type Line struct {
	Chat

	In, Out *os.File // the terminal
	Plain   bool     // it understands no escape sequences: what is typed cannot be kept apart
	Color   bool
}

// Run chats until the person leaves (nil, or ErrInterrupted), the server refuses the client (a
// *client.RefusedError), encryption turns out not to work (an *UnreachableError), or ctx ends.
// A server that cannot be reached is tried again and again.
// A read of In that is under way when Run returns cannot be called back; it ends with the next key.
func (l *Line) Run(ctx context.Context) error {
	restore, err := l.prepare()
	if err != nil {
		return err
	}
	defer restore()
	c, err := client.Open(ctx, l.Client)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // it is nil
	screen := &screen{out: l.Out, plain: l.Plain, size: l.terminalSize}
	defer screen.leave()
	t := &talk{Texts: l.Texts, client: c, screen: screen, color: l.Color && !l.Plain, phase: client.Connecting}
	sizes, stop := watchSize()
	defer stop()
	return t.run(ctx, readAll(ctx, l.In), sizes, &decoder{cooked: l.Plain})
}

// prepare sets the terminal up. Where escape sequences do not work, Plain is what remains.
func (l *Line) prepare() (restore func(), err error) {
	if l.Plain {
		return func() {}, nil
	}
	disable, able := enableSequences(l.Out)
	if !able {
		l.Plain = true
		return func() {}, nil
	}
	before, err := term.MakeRaw(int(l.In.Fd()))
	if err != nil {
		disable()
		return nil, err
	}
	const pasteOn, pasteOff = "\x1b[?2004h", "\x1b[?2004l"
	l.Out.WriteString(pasteOn) //nolint:errcheck // a terminal that is gone is noticed by reading
	return func() {
		l.Out.WriteString(pasteOff)          //nolint:errcheck // the terminal may be gone
		term.Restore(int(l.In.Fd()), before) //nolint:errcheck // the terminal may be gone
		disable()
	}, nil
}

func (l *Line) terminalSize() (width, height int) {
	width, height, err := term.GetSize(int(l.Out.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// readAll sends what is read from in, and closes the channel at its end.
func readAll(ctx context.Context, in *os.File) <-chan []byte {
	chunks := make(chan []byte)
	go func() {
		defer close(chunks)
		for {
			buffer := make([]byte, 4096)
			n, err := in.Read(buffer)
			if n > 0 {
				select {
				case chunks <- buffer[:n]:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return chunks
}

// A talk is a chat in line mode under way. One goroutine does everything in it.
type talk struct {
	*locale.Texts

	client  *client.Client
	screen  *screen
	editor  editor
	color   bool
	phase   client.Phase
	begun   bool // there has been a connection
	told    bool // that this outage takes long
	trouble bool // that there is an outage
	warned  bool // the key before this one was Ctrl+C
	full    bool // the key before this one did not fit
	leave   bool // the person wants to go
	end     error
}

func (t *talk) run(ctx context.Context, typed <-chan []byte, sizes <-chan os.Signal, keys *decoder) error {
	t.show("")
	slow := time.NewTimer(patience)
	defer slow.Stop()
	events := t.client.Events()
	for !t.leave {
		select {
		case e, open := <-events:
			if !open {
				return errors.Join(t.end, ctx.Err())
			}
			t.take(e)
		case data, open := <-typed:
			if !open {
				t.leave = true
				break
			}
			keys.decode(data, t.press)
			t.show("")
		case <-sizes:
			t.show("")
		case <-slow.C:
			if t.phase == client.Connecting {
				t.status(t.Text("chat.connecting", "Address", t.client.URL()))
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.finish(ctx)
	return t.end
}

// finish waits a little until the server has read what was typed, and says what it has not.
func (t *talk) finish(ctx context.Context) {
	if t.phase != client.Connected {
		if n := t.client.Waiting(); n > 0 {
			t.status(t.Count("chat.unsent", n))
		}
		return
	}
	go func() {
		for range t.client.Events() { // Finish needs somebody to take them
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, leaving)
	defer cancel()
	err := t.client.Finish(ctx)
	if n := t.client.Waiting(); errors.Is(err, context.DeadlineExceeded) && n > 0 {
		t.status(t.Count("chat.unsent", n))
	}
}

// take shows what happened.
func (t *talk) take(e client.Event) {
	switch e := e.(type) {
	case client.Message:
		t.say(e)
	case client.Lost:
		t.status(LostText(t.Texts, e))
	case client.State:
		t.phase = e.Phase
		switch e.Phase {
		case client.Connected:
			t.connected()
		case client.Reconnecting:
			t.reconnecting(e)
		case client.Refused:
			t.end = e.Err
		}
	}
}

func (t *talk) connected() {
	text := t.Text("chat.connected", "Address", t.client.URL())
	if t.begun {
		text = t.Text("chat.reconnected")
	}
	if n := t.client.Waiting(); n > 0 {
		text += " · " + t.Count("chat.sending", n)
	}
	t.begun, t.trouble, t.told = true, false, false
	t.status(text)
}

func (t *talk) reconnecting(s client.State) {
	if !t.begun && IsTLS(s.Err) {
		t.end, t.leave = &UnreachableError{Err: s.Err}, true
		return
	}
	var lines []string
	if !t.trouble {
		id, facts := Problem(s.Err, t.client.URL())
		lines = append(lines, t.Text("error."+id, facts...))
		if hint := t.Text("error."+id+".hint", facts...); !t.begun && hint != "" {
			lines = append(lines, hint)
		}
	}
	t.trouble = true
	if !t.told && s.Wait >= longWait {
		lines = append(lines, t.Text("chat.retrying", "Seconds", int(s.Wait.Round(time.Second).Seconds())))
		t.told = true
	}
	t.status(lines...)
}

// say shows what another member said.
func (t *talk) say(m client.Message) {
	text := Safe(string(m.Data))
	if m.Kind == recado.Binary {
		text = t.Count("chat.binary", len(m.Data))
	}
	clock := "[" + time.Now().Format("15:04") + "]"
	indent := "\n" + strings.Repeat(" ", len(clock)+1) // so that no line of a message looks like another message
	t.show(t.dim(clock) + " " + strings.ReplaceAll(text, "\n", indent) + "\n")
}

// status shows lines about the chat itself.
func (t *talk) status(lines ...string) {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(t.dim("· "+line) + "\n")
	}
	t.show(b.String())
}

func (t *talk) dim(s string) string {
	if !t.color {
		return s
	}
	return "\x1b[2m" + s + "\x1b[22m"
}

// show prints lines above the prompt. A terminal that is gone is noticed by reading from it.
func (t *talk) show(lines string) {
	t.screen.print(lines, t.prompt(), &t.editor) //nolint:errcheck // see above
}

func (t *talk) prompt() string {
	if t.phase != client.Reconnecting {
		return "> "
	}
	if n := t.client.Waiting(); n > 0 {
		return t.Count("chat.prompt.queued", n) + "> "
	}
	return t.Text("chat.prompt") + "> "
}
