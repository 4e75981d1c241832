// Package transport keeps the connections: the WebSocket sessions, their keepalive, and the bounded queues of
// those who read slowly. It knows nothing of brokers, and of wire formats only how to ask for a payload.
package transport

// A Join is what the request's address asks for.
type Join struct {
	Room     string // a valid name
	Echo     bool   // the client's own messages come back too
	Loopback bool   // the message rate does not apply
}
