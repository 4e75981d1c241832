// Package transport keeps the connections: the WebSocket sessions, their keepalive, and the bounded queues of
// those who read slowly. It knows nothing of brokers, and of wire formats only how to ask for a payload.
package transport

import (
	"time"

	"recado"
)

// A Join is what the request's address asks for. All but Room, Loopback and Request is for raw connections: a client of
// recado.v1 says the same in its hello.
type Join struct {
	Room     string // a valid name
	Loopback bool   // the message rate does not apply
	Request  string // a proxy's id of the request, for the log; "" for none
	Name     string // clean; "" for one that the server makes
	Session  string // the secret of a session; "" for none
	Token    string // what says who the client is; "" for none. recado.v1 takes it from here too
	Echo     bool   // the client's own messages come back too
	Replay   bool   // first what was said After, and not before Since
	After    recado.Position
	Since    time.Time
}
