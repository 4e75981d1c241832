package tui

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"slices"
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
}

// fps is how often the screen is drawn at most: a busy room looks smooth, and costs little.
const fps = 30

// Run chats until the person leaves (nil, or ErrInterrupted; a *client.RefusedError if the server did not want us),
// encryption turns out not to work (an *UnreachableError), or ctx ends.
// A server that cannot be reached is tried again and again.
func (f *Full) Run(ctx context.Context) error {
	rooms := newRooms(ctx, f.Client)
	defer rooms.close()
	first, err := rooms.enter(f.Client.URL, f.Client.Name, f.Client.Token)
	if err != nil {
		return err
	}
	m := newModel(f.Texts, world{
		now: time.Now, online: online, enter: rooms.enter, leave: rooms.leave, find: f.Find, code: f.Code, write: writeNew,
	}, first)
	_, err = tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(f.In), tea.WithOutput(f.Out),
		tea.WithEnvironment(f.Environ), tea.WithoutSignalHandler(), tea.WithFPS(fps)).Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	unsent := m.conn.Waiting()
	if m.phase == client.Connected || m.phase == client.Draining {
		unsent = rooms.leave(m.conn)
	}
	if unsent > 0 {
		f.Out.WriteString("· " + m.Count("chat.unsent", unsent) + "\n") //nolint:errcheck // the terminal may be gone
	}
	return errors.Join(m.end, m.refused)
}

// rooms are the connections of one chat: one after the other.
type rooms struct {
	config client.Config
	open   func(client.Config) (*client.Client, error)

	leaving sync.WaitGroup
	mu      sync.Mutex        // guards what follows
	tokens  map[string]string // by host: a token is for the server that it was given for
	entered []*client.Client
}

func newRooms(ctx context.Context, c client.Config) *rooms {
	return &rooms{
		config: c, tokens: map[string]string{},
		open: func(c client.Config) (*client.Client, error) { return client.Open(ctx, c) },
	}
}

// enter begins to join a room. Its history comes first. Without a token it is the last one for this server.
func (r *rooms) enter(address, name, token string) (connection, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if host := hostOf(address); token == "" {
		token = r.tokens[host]
	} else {
		r.tokens[host] = token
	}
	config := r.config
	config.URL, config.Name, config.Token = address, cmp.Or(name, r.config.Name), token
	config.History, config.Session, config.Since = recent, "", recado.Position{}
	c, err := r.open(config)
	if err != nil {
		return nil, err
	}
	r.entered = append(r.entered, c)
	return c, nil
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// online reports whether this machine has an address in any network but its own.
func online() bool {
	addresses, err := net.InterfaceAddrs()
	return err != nil || slices.ContainsFunc(addresses, func(a net.Addr) bool {
		network, is := a.(*net.IPNet)
		return is && network.IP.IsGlobalUnicast()
	})
}

// cutOff reports that there is no connection, and no network for one.
func (w world) cutOff(p client.Phase, c connection) bool {
	return (p == client.Connecting || p == client.Reconnecting) && !isLoopback(roomLink(c)) && !w.online()
}

// leave waits a little until what was typed is in the room, and ends the connection. It returns how much is not.
func (r *rooms) leave(from connection) (unsent int) {
	c, is := from.(*client.Client)
	if !is {
		return 0
	}
	r.leaving.Add(1)
	defer r.leaving.Done()
	go func() {
		for range c.Events() { // Finish needs somebody to take them
		}
	}()
	ctx, cancel := context.WithCancel(context.Background()) // the client ends with the chat
	defer cancel()
	late := make(chan int, 1)
	timer := time.AfterFunc(leaving, func() {
		late <- c.Waiting()
		cancel()
	})
	c.Finish(ctx) //nolint:errcheck // what it did not achieve was waiting
	if timer.Stop() {
		return 0
	}
	return <-late
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
