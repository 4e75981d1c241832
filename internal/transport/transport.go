// Package transport keeps the connections: the WebSocket sessions, their keepalive, and the bounded queues of
// those who read slowly. It knows nothing of brokers, and of wire formats only how to ask for a payload.
package transport

import (
	"time"

	"recado"
)

// A Join is what the request's address asks for. Name, Session, Echo and what is replayed are for raw connections: a
// client of recado.v1 says the same in its hello.
type Join struct {
	Room     string // a valid name
	Loopback bool   // the message rate does not apply
	Request  string // a proxy's id of the request, for the log; "" for none
	Name     string // clean; "" for one that the server makes
	Session  string // the secret of a session; "" for none
	Left     func() // called once the connection has ended, if Serve or Stream has taken it over; nil for nothing
	Token    string // what says who the client is; "" for none. recado.v1 takes it from here too
	// Authenticator knows what tokens allow; nil: everybody may do everything.
	Authenticator recado.Authenticator
	Echo          bool // the client's own messages come back too
	Replay        bool // first what was said After, and not before Since
	After         recado.Position
	Since         time.Time
}
