package recado

import "context"

// A Broker orders the messages of rooms, keeps them for a while and hands them to the subscribers.
// Its methods may be called concurrently.
type Broker interface {
	// Publish gives m its place in the room's order, keeps it and delivers it. The messages of one sender keep
	// their order only if it waits for each Publish to return. m.Data is the caller's again afterwards.
	// A message whose Sender has published one with the same ID in this room lately is neither kept nor
	// delivered again; the receipt is then that of the first one, and says so. Those without a session count as
	// one sender.
	Publish(ctx context.Context, m Message) (Receipt, error)
	// Subscribe delivers every message of the room after position from to s, until stop is called.
	// No call of Deliver begins after stop has returned.
	Subscribe(ctx context.Context, room string, s Subscriber) (from Position, stop func(), err error)
	// ReadAfter returns the first kept messages of the room after that position, up to limit. A position of
	// another epoch, or one that this room never had, is before all that is kept, as the zero Position is.
	ReadAfter(ctx context.Context, room string, after Position, limit int) (Page, error)
	// ReadBefore returns the last kept messages of the room before that position, up to limit; the zero
	// Position is after everything.
	ReadBefore(ctx context.Context, room string, before Position, limit int) (Page, error)
	// Position is that of the room's newest message.
	Position(ctx context.Context, room string) (Position, error)
	// Close ends every subscription.
	Close() error
}

// A Page is consecutive messages of a room's history, oldest first. What their Data point to is shared: it must
// not be changed, and stays as it is.
type Page struct {
	// From is the position right before the first of the messages; if there are none, that of the room's
	// newest message. What ReadAfter returns follows without a hole exactly if From is the position asked for.
	From     Position
	Messages []Message
	Left     int // kept messages beyond this page, in the direction of reading
}

// A Subscriber receives the messages of one room.
type Subscriber interface {
	// Deliver is called serially, in the order of seq. It may run under the broker's lock: it must not block
	// and must not call the broker. m and m.Data are valid during the call only.
	Deliver(m *Message)
	// Flush follows Deliver when the broker holds no lock any more, once for one or several messages.
	// It may be called concurrently and take its time; the caller is then a publisher or a goroutine of the
	// broker's made for it.
	Flush()
}

// A Receipt says which place a published message got.
type Receipt struct {
	Seq, Prev uint64
	Duplicate bool // the message had been published before, in that place
}
