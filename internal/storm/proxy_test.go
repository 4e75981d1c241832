package storm_test

import (
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A dice decides what happens by chance.
type dice = *rand.Rand

// A proxy carries the connections to the server and ends each at some moment, in some way.
type proxy struct {
	upstream string
	listener net.Listener
	life     time.Duration // of a connection, on average
	cuts     atomic.Int64
	mute     atomic.Bool // what the server says goes nowhere
	all      sync.WaitGroup

	mu    sync.Mutex // guards what follows
	dice  dice
	calm  bool // no connection is cut
	shut  bool // none is accepted
	links map[*link]struct{}
}

// newProxy listens; it is closed at the test's end.
func newProxy(t *testing.T, upstream string, life time.Duration, d dice) *proxy {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{upstream: upstream, listener: listener, life: life, dice: d, links: map[*link]struct{}{}}
	p.all.Go(p.accept)
	t.Cleanup(func() {
		listener.Close()
		p.setShut(true)
		p.all.Wait()
	})
	return p
}

func (p *proxy) url(room string) string { return "ws://" + p.listener.Addr().String() + "/" + room }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.all.Go(func() { p.carry(client.(*net.TCPConn)) })
	}
}

// setCalm ends the cuts, or begins them again.
func (p *proxy) setCalm(calm bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calm = calm
}

// setShut cuts all connections and accepts no new ones, or accepts them again.
func (p *proxy) setShut(shut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = shut
	for l := range p.links {
		if shut {
			l.reset()
		}
	}
}

// A link is one connection: two, in truth.
type link struct {
	proxy          *proxy
	client, server *net.TCPConn
	ghost          atomic.Bool // the server is not to notice that the client is gone
}

// carry serves one connection to its end.
func (p *proxy) carry(client *net.TCPConn) {
	defer client.Close()
	var dialer net.Dialer
	server, err := dialer.Dial("tcp", p.upstream)
	if err != nil {
		client.SetLinger(0)
		return
	}
	defer server.Close()
	l := &link{proxy: p, client: client, server: server.(*net.TCPConn)}
	life, budget, welcome := p.begin(l)
	defer p.end(l)
	if !welcome {
		client.SetLinger(0)
		return
	}
	if budget == 0 {
		fate := time.AfterFunc(life, l.cut)
		defer fate.Stop()
	}
	var up sync.WaitGroup
	up.Go(func() { l.pump(l.server, l.client, 0) })
	l.pump(l.client, l.server, budget)
	up.Wait()
}

func (p *proxy) end(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// begin decides how long the link lives, in time or, if budget is not 0, in bytes to the client: so that it ends
// amid the handshake, the welcome, the replay.
func (p *proxy) begin(l *link) (life time.Duration, budget int, welcome bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links[l] = struct{}{}
	if p.dice.IntN(3) == 0 {
		return 0, 1 + p.dice.IntN(3000), !p.shut
	}
	return time.Duration(p.dice.ExpFloat64() * float64(p.life)), 0, !p.shut
}

// cut ends the link in one of the ways in which connections end. What has been forwarded may yet arrive or not.
func (l *link) cut() {
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	if l.proxy.calm {
		return
	}
	l.proxy.cuts.Add(1)
	switch l.proxy.dice.IntN(4) {
	case 0:
		l.reset()
	case 1: // the server learns of it later
		l.ghost.Store(true)
		l.client.SetLinger(0)
		l.client.Close()
		time.AfterFunc(l.proxy.life/10, func() { l.server.Close() })
	case 2:
		l.client.CloseWrite()
	default:
		l.server.CloseWrite()
	}
}

func (l *link) reset() {
	l.client.SetLinger(0)
	l.server.SetLinger(0)
	l.client.Close()
	l.server.Close()
}

// pump forwards until either end has had enough, and tells the receiver. When the budget is used up, the link is cut.
func (l *link) pump(to, from *net.TCPConn, budget int) {
	buffer := make([]byte, 4<<10)
	for {
		n, err := from.Read(buffer)
		data := buffer[:n]
		if to == l.client && l.proxy.mute.Load() {
			data = nil
		}
		if budget > 0 && len(data) >= budget {
			to.Write(data[:budget])
			l.cut()
			data, budget = data[budget:], 0
		} else if budget > 0 {
			budget -= len(data)
		}
		if _, writeErr := to.Write(data); err != nil || writeErr != nil && !l.ghost.Load() {
			break
		}
	}
	if to == l.client || !l.ghost.Load() {
		to.CloseWrite()
	}
}
