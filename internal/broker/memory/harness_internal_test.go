package memory

import (
	"context"

	"recado"
)

// silent subscribes and does nothing.
type silent struct{}

func (silent) Deliver(*recado.Message) {}
func (silent) Flush()                  {}

// tb is a test of the testing package or of rapid.
type tb interface {
	Helper()
	Errorf(format string, arguments ...any)
	Fatalf(format string, arguments ...any)
}

func text(room, data string) recado.Message {
	return recado.Message{Room: room, Kind: recado.Text, Data: []byte(data)}
}

func publish(t tb, b *Broker, m recado.Message) recado.Receipt {
	t.Helper()
	receipt, err := b.Publish(context.Background(), m)
	if err != nil {
		t.Fatalf("Publish(%q) = %v", m.Room, err)
	}
	return receipt
}

func readAfter(t tb, b *Broker, room string, after recado.Position) recado.Page {
	t.Helper()
	page, err := b.ReadAfter(context.Background(), room, after, 1<<20)
	if err != nil {
		t.Fatalf("ReadAfter(%q, %v) = %v", room, after, err)
	}
	return page
}

func position(t tb, b *Broker, room string) recado.Position {
	t.Helper()
	p, err := b.Position(context.Background(), room)
	if err != nil {
		t.Fatalf("Position(%q) = %v", room, err)
	}
	return p
}

// kept is what the messages say that are kept of the room.
func kept(t tb, b *Broker, room string) (texts []string) {
	t.Helper()
	for _, m := range readAfter(t, b, room, recado.Position{}).Messages {
		texts = append(texts, string(m.Data))
	}
	return texts
}

// rooms counts those that are remembered, after checking that the accounts are right.
func rooms(t tb, b *Broker) (n int) {
	t.Helper()
	var history, sessions, keepers, senders int64
	messages := 0
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.RLock()
		for _, r := range s.rooms {
			n++
			bytes := 0
			for i := range r.kept.n {
				bytes += cost(r.kept.at(i))
			}
			if bytes != r.bytes {
				t.Errorf("%s holds %d bytes, says %d", r.name, bytes, r.bytes)
			}
			history += int64(r.bytes)
			messages += r.kept.n
			if r.kept.n > 0 {
				keepers++
			}
			for _, s := range r.seen {
				sessions += int64(s.bytes)
				senders++
				if len(s.places) != s.order.n || s.order.n > maxIDs || s.bytes < sessionCost+s.order.n*idCost {
					t.Errorf("%s: a session has %d ids, %d in order, of %d bytes", r.name, len(s.places), s.order.n, s.bytes)
				}
			}
		}
		s.mu.RUnlock()
	}
	if h, k := b.history.held.Load(), b.history.holders.Load(); h != history || k != keepers {
		t.Errorf("the account of the history says %d bytes of %d rooms, want %d of %d", h, k, history, keepers)
	}
	if rooms, m, bytes, _ := b.Kept(); rooms != int(keepers) || m != messages || bytes != int(history) {
		t.Errorf("Kept() = %d rooms, %d messages, %d bytes, want %d, %d, %d", rooms, m, bytes, keepers, messages, history)
	}
	if h, k := b.sessions.held.Load(), b.sessions.holders.Load(); h != sessions || k != senders {
		t.Errorf("the account of ids says %d bytes of %d sessions, want %d of %d", h, k, sessions, senders)
	}
	return n
}

func subscribe(t tb, b *Broker, room string) (from recado.Position, stop func()) {
	t.Helper()
	from, stop, err := b.Subscribe(context.Background(), room, silent{})
	if err != nil {
		t.Fatalf("Subscribe(%q) = %v", room, err)
	}
	return from, stop
}
