// Package recado is the vocabulary of the relay: messages, rooms, members, positions, the broker that
// orders messages, and the limits and errors that every part speaks of.
// It knows no wire format, no socket and no storage.
package recado

// Off switches a limit off; a zero field means the documented default.
const Off = -1
