package recado

import "context"

// A Broker orders the messages of rooms and hands them to the subscribers.
// Its methods may be called concurrently.
type Broker interface {
	// Publish gives m its place in the room's order and delivers it. The messages of one sender keep
	// their order only if it waits for each Publish to return. m.Data is the caller's again afterwards.
	Publish(ctx context.Context, m Message) (Receipt, error)
	// Subscribe delivers every message of the room after position from to s, until stop is called.
	// No call of Deliver begins after stop has returned.
	Subscribe(ctx context.Context, room string, s Subscriber) (from Position, stop func(), err error)
	// Position is that of the room's newest message.
	Position(ctx context.Context, room string) (Position, error)
	// Close ends every subscription.
	Close() error
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
}
