package tui

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	// patience is how long a first connection may take before a person is told.
	patience = time.Second
	// longWait is the least wait that a person is told the length of.
	longWait = 5 * time.Second
	// leaving is how long the end waits for what was typed last to be in the room.
	leaving = 3 * time.Second
	// recent is how many messages of before are shown at once.
	recent = 20
	// crowd is how many members make a room in which coming and going is not told of.
	crowd = 30
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
	ctx, cancel := context.WithCancel(ctx)
	rooms := newRooms(ctx, l.Client)
	defer rooms.close()
	first, err := rooms.enter(l.Client.URL, l.Client.Name, l.Client.Token)
	if err != nil {
		cancel()
		return err
	}
	screen := &screen{out: l.Out, plain: l.Plain, size: l.terminalSize}
	defer screen.leave()
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	t := &talk{
		Texts: l.Texts, screen: screen, color: l.Color && !l.Plain, answers: make(chan func()),
		world: world{
			now: time.Now, online: online, enter: rooms.enter, leave: rooms.leave, find: l.Find, code: l.Code, write: writeNew,
		},
	}
	t.begin(first)
	t.aside = asking.Go
	t.ask = func(question func(context.Context, connection) func()) {
		conn := t.client
		asking.Go(func() {
			answer := question(ctx, conn)
			select {
			case t.answers <- func() {
				if t.client == conn {
					answer()
				}
			}:
			case <-ctx.Done():
			}
		})
	}
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
