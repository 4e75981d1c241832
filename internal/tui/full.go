package tui

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"recado"
	"recado/client"
)

// Full is a chat that has a terminal for itself.
type Full struct {
	Chat

	In, Out *os.File // the terminal
	Environ []string // by which the terminal's colours are recognised

	// Find makes an address of what a person calls a room, in one whose address is current.
	Find func(current, given string) (address string, err error)
	// Code is a QR code of a text, in rows.
	Code func(text string) string
}

// fps is how often the screen is drawn at most: a busy room looks smooth, and costs little.
const fps = 30

// Run chats until the person leaves (nil, or ErrInterrupted; a *client.RefusedError if the server did not want us),
// encryption turns out not to work (an *UnreachableError), or ctx ends.
// A server that cannot be reached is tried again and again.
func (f *Full) Run(ctx context.Context) error {
	rooms := &rooms{config: f.Client, open: func(c client.Config) (*client.Client, error) { return client.Open(ctx, c) }}
	defer rooms.close()
	first, err := rooms.enter(f.Client.URL, f.Client.Name)
	if err != nil {
		return err
	}
	m := newModel(f.Texts, world{
		now: time.Now, enter: rooms.enter, leave: rooms.leave, find: f.Find, code: f.Code, write: writeNew,
	}, first)
	_, err = tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(f.In), tea.WithOutput(f.Out),
		tea.WithEnvironment(f.Environ), tea.WithoutSignalHandler(), tea.WithFPS(fps)).Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	if m.phase == client.Connected || m.phase == client.Draining {
		rooms.leave(m.conn)
	}
	if unsent := m.conn.Waiting(); unsent > 0 {
		f.Out.WriteString("· " + m.Count("chat.unsent", unsent) + "\n") //nolint:errcheck // the terminal may be gone
	}
	return errors.Join(m.end, m.refused)
}

// rooms are the connections of one chat: one after the other.
type rooms struct {
	config client.Config
	open   func(client.Config) (*client.Client, error)

	leaving sync.WaitGroup
	mu      sync.Mutex // guards entered
	entered []*client.Client
}

// enter begins to join a room. Its history comes first.
func (r *rooms) enter(address, name string) (connection, error) {
	config := r.config
	config.URL, config.Name, config.History, config.Session, config.Since = address, name, recent, "", recado.Position{}
	c, err := r.open(config)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entered = append(r.entered, c)
	return c, nil
}

// leave waits a little until what was typed is in the room, and ends the connection.
func (r *rooms) leave(from connection) {
	c, is := from.(*client.Client)
	if !is {
		return
	}
	r.leaving.Add(1)
	defer r.leaving.Done()
	go func() {
		for range c.Events() { // Finish needs somebody to take them
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), leaving) // the client ends with the chat
	defer cancel()
	c.Finish(ctx) //nolint:errcheck // what it did not achieve is still waiting
}

// close ends all connections.
func (r *rooms) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.entered {
		c.Close() //nolint:errcheck // it is nil
	}
	r.leaving.Wait()
}

// writeNew makes a file that did not exist.
func writeNew(name, text string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
