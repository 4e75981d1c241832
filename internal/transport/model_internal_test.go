package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// keptMessages is how long the model's history is.
const keptMessages = 8

// A roomModel drives one room with clients of both kinds, which talk, are cut off, and resume from any position they
// ever had, while messages age and the server restarts; and it knows what each of them has to receive.
type roomModel struct {
	t       *testing.T
	server  *Transport
	broker  *memory.Broker
	limits  recado.Limits
	epoch   string
	said    []modelMessage // of this epoch
	kept    int            // the last so many of said are in the history
	seq     uint64         // of the last of said
	count   int
	clients []*modelClient
	past    []visit // of clients that were cut off
}

type modelMessage struct {
	seq, prev        uint64
	text, id, sender string // sender is a session, "" for a raw client
}

// A visit is a session and a position that it had.
type visit struct {
	session string
	at      recado.Position
}

type modelClient struct {
	*client

	session string // "" for a raw client
	at      []recado.Position
	got     chan string // what it received
	seen    []string
	want    []string
	ids     []string // it has published
}

func (m *roomModel) open(b *memory.Broker) {
	m.broker = b
	m.server = New(hub.New(b, m.limits), Config{Limits: m.limits}).Portable()
	p, err := b.Position(m.t.Context(), "ops")
	if err != nil {
		m.t.Fatal(err)
	}
	m.epoch = p.Epoch
}

// String keeps rapid's reports short.
func (c *modelClient) String() string { return c.session }

// connect makes a client that receives all the time.
func (m *roomModel) connect(session, hello string) *modelClient {
	c := &modelClient{session: session, got: make(chan string, 10_000)}
	if session == "" {
		c.client = pipeClient(m.t, m.server)
	} else {
		c.client = talkClient(m.t, m.server, hello)
	}
	go func() {
		for {
			op, p, err := c.read()
			if err != nil || op == ws.OpClose {
				_ = c.conn.Close()
				return
			}
			if text := c.translate(op, p); text != "" {
				c.got <- text
			}
		}
	}()
	m.clients = append(m.clients, c)
	return c
}

// translate says what was received in the words of the model.
func (c *modelClient) translate(op ws.OpCode, p []byte) string {
	if op != ws.OpText || c.session == "" {
		return string(p)
	}
	var f struct {
		Type, Text, ID, Position, Reason string
		Recovered, Duplicate             bool
		Replay, Seq, Prev                uint64
	}
	if err := json.Unmarshal(without(p, `"from":{`), &f); err != nil {
		return err.Error()
	}
	switch f.Type {
	case "welcome":
		return fmt.Sprintf("welcome at %s recovered %v replay %d", f.Position, f.Recovered, f.Replay)
	case "gap":
		return fmt.Sprintf("gap %s to %s", f.Reason, f.Position)
	case "message":
		return fmt.Sprintf("%d after %d: %s", f.Seq, f.Prev, f.Text)
	case "ack":
		return fmt.Sprintf("%d after %d: ack %s %v", f.Seq, f.Prev, f.ID, f.Duplicate)
	case "error":
		return string(p)
	}
	return "" // presence
}

// without hides the object behind the key, whose fields are not those of a frame.
func without(p []byte, key string) []byte {
	return []byte(strings.Replace(string(p), key, `"x":{`, 1))
}

func (m *roomModel) join(t *rapid.T) {
	m.count++
	if rapid.Bool().Draw(t, "raw") {
		m.connect("", "")
		return
	}
	session := fmt.Sprintf("session-%020d", m.count)
	c := m.connect(session, fmt.Sprintf(`{"type":"hello","session":%q}`, session))
	c.want = append(c.want, fmt.Sprintf("welcome at %s.%d recovered false replay 0", m.epoch, m.seq))
	c.at = append(c.at, recado.Position{Epoch: m.epoch, Seq: m.seq})
}

func (m *roomModel) publish(t *rapid.T) {
	if len(m.clients) == 0 {
		return
	}
	from := rapid.SampledFrom(m.clients).Draw(t, "who")
	m.count++
	text, id := fmt.Sprint("m", m.count), fmt.Sprint("i", m.count)
	if from.session == "" {
		from.send(ws.OpText, []byte(text))
	} else {
		from.send(ws.OpText, fmt.Appendf(nil, `{"type":"publish","id":%q,"text":%q}`, id, text))
		from.ids = append(from.ids, id)
	}
	said := modelMessage{seq: m.seq + 1, prev: m.seq, text: text, id: id, sender: from.session}
	m.said, m.seq, m.kept = append(m.said, said), m.seq+1, min(m.kept+1, keptMessages)
	for _, c := range m.clients {
		if c.session != "" || c != from {
			c.expect(said, m.epoch)
		}
	}
}

// expect notes what the client is to receive for a message.
func (c *modelClient) expect(said modelMessage, epoch string) {
	switch c.session {
	case "":
		c.want = append(c.want, said.text)
	case said.sender:
		c.want = append(c.want, fmt.Sprintf("%d after %d: ack %s false", said.seq, said.prev, said.id))
	default:
		c.want = append(c.want, fmt.Sprintf("%d after %d: %s", said.seq, said.prev, said.text))
	}
	c.at = append(c.at, recado.Position{Epoch: epoch, Seq: said.seq})
}

// resend publishes something again that the session has published.
func (m *roomModel) resend(t *rapid.T) {
	if len(m.clients) == 0 {
		return
	}
	c := rapid.SampledFrom(m.clients).Draw(t, "who")
	if len(c.ids) == 0 {
		return
	}
	id := rapid.SampledFrom(c.ids).Draw(t, "id")
	c.send(ws.OpText, fmt.Appendf(nil, `{"type":"publish","id":%q,"text":"again"}`, id))
	i := slices.IndexFunc(m.said, func(s modelMessage) bool { return s.id == id })
	c.want = append(c.want, fmt.Sprintf("%d after %d: ack %s true", m.said[i].seq, m.said[i].prev, id))
}

func (m *roomModel) cut(t *rapid.T) {
	if len(m.clients) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.clients)-1).Draw(t, "who")
	c := m.clients[i]
	m.clients = slices.Delete(m.clients, i, i+1)
	m.leave(c)
}

func (m *roomModel) leave(c *modelClient) {
	_ = c.conn.Close()
	if c.session == "" {
		return
	}
	for _, at := range c.at {
		m.past = append(m.past, visit{session: c.session, at: at})
	}
}

// resume comes back as a session with a position that it had, however long ago.
func (m *roomModel) resume(t *rapid.T) {
	if len(m.past) == 0 {
		return
	}
	v := rapid.SampledFrom(m.past).Draw(t, "visit")
	if i := slices.IndexFunc(m.clients, func(c *modelClient) bool { return c.session == v.session }); i >= 0 {
		m.leave(m.clients[i]) // it would be replaced
		m.clients = slices.Delete(m.clients, i, i+1)
		synctest.Wait()
	}
	c := m.connect(v.session, fmt.Sprintf(`{"type":"hello","session":%q,"since":%q}`, v.session, v.at))
	missed, gap := m.missed(v.at)
	start := recado.Position{Epoch: m.epoch, Seq: m.seq}
	if len(missed) > 0 {
		start.Seq = missed[0].prev
	}
	c.want = append(c.want, fmt.Sprintf("welcome at %s recovered %v replay %d", start, gap == "", len(missed)))
	if gap != "" {
		c.want = append(c.want, fmt.Sprintf("gap %s to %s", gap, start))
	}
	c.at = append(c.at, start)
	for _, said := range missed {
		c.expect(said, m.epoch)
	}
}

// missed is what a resume from there brings, and the reason if that is not all.
func (m *roomModel) missed(at recado.Position) (messages []modelMessage, gap string) {
	kept := m.said[len(m.said)-m.kept:]
	oldest := m.seq
	if len(kept) > 0 {
		oldest = kept[0].prev
	}
	switch {
	case at.Epoch != m.epoch:
		return kept, "epoch"
	case at.Seq < oldest:
		return kept, "expired"
	}
	i := slices.IndexFunc(kept, func(s modelMessage) bool { return s.seq > at.Seq })
	if i < 0 {
		return nil, ""
	}
	return kept[i:], ""
}

// age lets so much time pass that nothing is kept any more. The clients answer no pings: there are none.
func (m *roomModel) age(*rapid.T) {
	time.Sleep(15 * time.Minute) // above the history's age and the time for which ids are known
	m.kept = 0
	for _, c := range m.clients {
		c.ids = nil // nor is it known any more what was published
	}
}

// restart ends the server in order, or as a crash does: then the history is lost.
func (m *roomModel) restart(t *rapid.T) {
	graceful := rapid.Bool().Draw(t, "graceful")
	for _, c := range m.clients {
		m.leave(c)
	}
	m.clients = nil
	m.stop()
	b := memory.New(m.limits)
	if graceful {
		b = m.saved()
	} else {
		m.said, m.kept, m.seq = nil, 0, 0
	}
	m.open(b)
}

func (m *roomModel) stop() {
	for _, c := range m.clients {
		_ = c.conn.Close()
	}
	synctest.Wait()
	_ = m.server.Close(m.t.Context(), recado.CloseRestart)
	_ = m.broker.Close()
}

func (m *roomModel) check(t *rapid.T) {
	synctest.Wait()
	for i, c := range m.clients {
		for len(c.got) > 0 {
			c.seen = append(c.seen, <-c.got)
		}
		if !slices.Equal(c.seen, c.want) {
			t.Fatalf("client %d (session %q) received\n%q, want\n%q", i, c.session, c.seen, c.want)
		}
	}
}

// Promises 1 to 4: whatever happens, each client receives what it has to, once, in one order; and who resumes gets
// all that it missed, or is told that this cannot be.
func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var failure any // passed on: rapid has to see it on its own goroutine
		synctest.Test(t, func(t *testing.T) {
			defer func() { failure = recover() }()
			m := &roomModel{t: t, limits: recado.Limits{HistoryMessages: keptMessages, HistoryAge: 10 * time.Minute, PingInterval: recado.Off}}
			m.open(memory.New(m.limits))
			defer m.stop()
			rt.Repeat(map[string]func(*rapid.T){
				"join": m.join, "publish": m.publish, "publish more": m.publish, "resend": m.resend, "cut": m.cut,
				"resume": m.resume, "age": m.age, "restart": m.restart, "": m.check,
			})
		})
		if failure != nil {
			panic(failure)
		}
	})
}

// saved is what a new process has of the broker.
func (m *roomModel) saved() *memory.Broker {
	var state bytes.Buffer
	err := m.broker.Save(&state)
	if err != nil {
		m.t.Fatal(err)
	}
	b, err := memory.Load(&state, m.limits)
	if err != nil {
		m.t.Fatal(err)
	}
	return b
}
