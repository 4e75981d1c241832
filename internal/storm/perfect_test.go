package storm_test

import (
	"fmt"
	"slices"

	"recado"
	"recado/internal/storm"
)

// A perfect server keeps every promise; its clients write the log of it. Nothing happens in it by itself: a test
// says who sends, who reads how much, and when connections and the server end.
type perfect struct {
	window int // messages that a room keeps
	log    []storm.Event

	epoch   int
	seq     uint64
	rooms   map[string]*perfectRoom
	clients []*perfectClient
	members int
}

type perfectRoom struct {
	base uint64 // the prev of the first that is kept
	kept []storm.Event
	ids  map[string]storm.Event // of what each member has published
}

type perfectClient struct {
	server     *perfect
	name, room string
	raw        bool
	session    bool   // raw: stays the same member
	member     string // "" before it has one

	connected bool
	queue     []storm.Event // on their way to it
	awaited   int           // frames before it may send
	ready     bool          // has sent again what was not acked
	position  recado.Position
	unacked   []storm.Event
	written   int // so many of them, at least once
	sent      int
}

func newPerfect(window int) *perfect {
	return &perfect{window: window, rooms: map[string]*perfectRoom{}}
}

func (p *perfect) join(c perfectClient) *perfectClient {
	c.server = p
	p.clients = append(p.clients, &c)
	c.write(storm.Event{Do: storm.Join, Room: c.room, Raw: c.raw})
	c.connect()
	return &c
}

func (p *perfect) room(name string) *perfectRoom {
	if p.rooms[name] == nil {
		p.rooms[name] = &perfectRoom{base: p.seq, ids: map[string]storm.Event{}}
	}
	return p.rooms[name]
}

func (p *perfect) position(seq uint64) recado.Position {
	return recado.Position{Epoch: fmt.Sprint("e", p.epoch), Seq: seq}
}

// restart ends all connections, and what was kept if it is a kill.
func (p *perfect) restart(kill bool) {
	for _, c := range p.clients {
		c.cut()
	}
	if kill {
		p.epoch, p.seq, p.rooms = p.epoch+1, 0, map[string]*perfectRoom{}
	}
}

// publish is what the server does with a message that it has read.
func (p *perfect) publish(from *perfectClient, e storm.Event) {
	room := p.room(from.room)
	key := from.member + " " + e.ID
	if first, known := room.ids[key]; known && e.ID != "" {
		from.queue = append(from.queue, storm.Event{Do: storm.Ack, ID: e.ID, Seq: first.Seq, Prev: first.Prev, Duplicate: true})
		return
	}
	p.seq += 1 + uint64(len(e.Data)%3) // other rooms take some
	stored := storm.Event{
		Do: storm.Message, Member: from.member, ID: e.ID, Seq: p.seq, Prev: room.head(), Kind: e.Kind, Data: e.Data,
	}
	room.ids[key] = stored
	room.kept = append(room.kept, stored)
	if len(room.kept) > p.window {
		room.base = room.kept[0].Seq
		room.kept = slices.Delete(room.kept, 0, 1)
	}
	for _, c := range p.clients {
		if c.connected && c.room == from.room {
			c.queue = append(c.queue, c.frame(stored)...)
		}
	}
}

func (r *perfectRoom) head() uint64 {
	if n := len(r.kept); n > 0 {
		return r.kept[n-1].Seq
	}
	return r.base
}

// frame is how the client gets a stored message: raw without its place, its own as an ack, if at all.
func (c *perfectClient) frame(stored storm.Event) []storm.Event {
	own := stored.Member == c.member
	switch {
	case own && c.raw:
		return nil
	case own:
		return []storm.Event{{Do: storm.Ack, ID: stored.ID, Seq: stored.Seq, Prev: stored.Prev}}
	case c.raw && stored.Kind == "json":
		stored.Kind = "text"
	}
	if c.raw {
		return []storm.Event{{Do: storm.Message, Kind: stored.Kind, Data: stored.Data}}
	}
	stored.ID = ""
	return []storm.Event{stored}
}

func (c *perfectClient) write(e storm.Event) {
	e.Client = c.name
	c.server.log = append(c.server.log, e)
}

// connect is the server's part of it: a welcome, and what the client has missed.
func (c *perfectClient) connect() {
	if c.connected {
		return
	}
	p := c.server
	c.connected, c.ready = true, c.raw
	if c.raw && !c.session || c.member == "" {
		p.members++
		c.member = fmt.Sprint("m", p.members)
	}
	switch {
	case c.session:
		c.write(storm.Event{Do: storm.Open, Member: c.member})
		return
	case c.raw:
		c.write(storm.Event{Do: storm.Open})
		return
	}
	c.awaited = 1
	c.queue = p.welcome(c)
}

// welcome is the server's answer to a client of recado.v1.
func (p *perfect) welcome(c *perfectClient) (frames []storm.Event) {
	room := p.room(c.room)
	position, recovered := p.position(room.head()), false
	if c.position != (recado.Position{}) {
		gap := storm.Event{Do: storm.Gap, From: c.position.Seq + 1, To: room.base, Reason: "expired"}
		if position = p.position(room.base); position.Epoch != c.position.Epoch {
			gap.From, gap.To, gap.Reason = 0, 0, "epoch"
		} else if c.position.Seq >= room.base {
			position, recovered = c.position, true
		}
		if gap.Position = position.String(); !recovered {
			frames = append(frames, gap)
		}
	}
	replay := 0
	for _, stored := range room.kept {
		if stored.Seq > position.Seq {
			frames = append(frames, c.frame(stored)...)
			replay++
		}
	}
	return slices.Insert(frames, 0, storm.Event{
		Do: storm.Welcome, Member: c.member, Position: position.String(), Recovered: recovered, Replay: replay,
	})
}

// cut ends the connection; what is on its way is gone.
func (c *perfectClient) cut() {
	if c.connected {
		c.connected, c.ready, c.queue = false, false, nil
		c.write(storm.Event{Do: storm.Close})
	}
}

// say sends a message of that kind. If the connection breaks with it, the server never gets it.
func (c *perfectClient) say(kind string, breaks bool) {
	if c.raw && !c.connected {
		return
	}
	c.sent++
	e := storm.Event{Do: storm.Send, Kind: kind, Data: fmt.Appendf(nil, `"%s says %d"`, c.name, c.sent)}
	if !c.raw {
		e.ID = fmt.Sprint("c", c.sent)
		c.unacked = append(c.unacked, e)
	}
	c.write(e)
	switch {
	case breaks && c.ready:
		c.written = len(c.unacked)
		c.cut()
	case c.raw:
		c.server.publish(c, e)
	case c.ready:
		c.flush(len(c.unacked) - 1)
	}
}

// flush writes the unacked messages from that one on.
func (c *perfectClient) flush(first int) {
	for _, e := range c.unacked[first:] {
		c.server.publish(c, e)
	}
	c.written = len(c.unacked)
}

// read takes up to n frames.
func (c *perfectClient) read(n int) {
	for ; n > 0 && len(c.queue) > 0; n-- {
		e := c.queue[0]
		c.queue = c.queue[1:]
		c.write(e)
		if !c.raw {
			c.take(e)
		}
	}
}

func (c *perfectClient) take(e storm.Event) {
	switch {
	case e.Duplicate:
	case e.Do == storm.Welcome:
		c.awaited = e.Replay
		if c.position == (recado.Position{}) {
			c.position, _ = recado.ParsePosition(e.Position)
		} else if !e.Recovered {
			c.awaited++ // the gap
		}
	case e.Do == storm.Gap:
		c.awaited--
		c.position, _ = recado.ParsePosition(e.Position)
		if e.Reason == "epoch" {
			c.giveUp()
		}
	case c.awaited > 0:
		c.awaited--
		fallthrough
	default:
		c.position.Seq = e.Seq
	}
	if i := slices.IndexFunc(c.unacked, func(sent storm.Event) bool { return e.Do == storm.Ack && sent.ID == e.ID }); i >= 0 {
		c.unacked = slices.Delete(c.unacked, i, i+1)
		c.written = max(0, c.written-1)
	}
	if c.awaited == 0 && !c.ready {
		c.ready = true
		c.flush(0)
	}
}

// giveUp reports what may or may not have arrived: to send it again could be to say it twice.
func (c *perfectClient) giveUp() {
	for _, lost := range c.unacked[:c.written] {
		c.write(storm.Event{Do: storm.Lost, ID: lost.ID, Reason: "uncertain"})
	}
	c.unacked, c.written = c.unacked[c.written:], 0
}
