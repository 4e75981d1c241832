// Package storm judges the logs of a relay's clients: was each promise about delivery kept?
// It knows no connection and no server; the storm that makes such logs is its test.
//
// # The log
//
// A log is one JSON object a line, each an [Event]. A client is what one program does in one room, over all its
// connections. The events of one client stand in the order in which they happened to it; those of different
// clients may be mixed in any way, since clocks and pipes would not tell their order.
//
// What a message says is unique in the log: by its data it is recognised wherever it arrives, changed room and
// changed place included. Clients ask for no echo and for no history pages.
//
//	{"client":"go7","do":"join","room":"ops"}                      the first event; "raw":true without recado.v1
//	{"client":"raw3","do":"open"}                                  raw: a new connection, thus a new member, but for "member":"s3"
//	{"client":"go7","do":"welcome","member":"m…","position":"k3f9.44","recovered":true,"replay":3}
//	{"client":"go7","do":"send","id":"c17","kind":"text","data":"b2k="}   handed to the client; raw: written
//	{"client":"go7","do":"message","member":"m…","seq":42,"prev":41,"kind":"text","data":"b2k="}   raw: only kind, data
//	{"client":"go7","do":"ack","id":"c17","seq":45,"prev":44}      "duplicate":true outside the chain
//	{"client":"go7","do":"gap","from":10,"to":37,"missed":14,"reason":"expired","position":"k3f9.37"}
//	{"client":"go7","do":"lost","id":"c18","reason":"uncertain"}   the client has said so; any other reason: it is not in the room
//	{"client":"go7","do":"close"}                                  the connection has ended
//	{"client":"go7","do":"done"}                                   the last event of one that has read to the end
package storm

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// What can happen to a client.
const (
	Join    = "join"
	Open    = "open"
	Welcome = "welcome"
	Send    = "send"
	Message = "message"
	Ack     = "ack"
	Gap     = "gap"
	Lost    = "lost"
	Close   = "close"
	Done    = "done"
)

// An Event is one line of a log. Which fields there are depends on Do; their names are those of the protocol.
type Event struct {
	Client    string `json:"client"`
	Do        string `json:"do"`
	Room      string `json:"room,omitempty"`
	Raw       bool   `json:"raw,omitempty"`
	Member    string `json:"member,omitempty"` // the sender's in a message; its own in a welcome, or as raw with a session
	ID        string `json:"id,omitempty"`
	Seq       uint64 `json:"seq,omitempty"`
	Prev      uint64 `json:"prev,omitempty"`
	Duplicate bool   `json:"duplicate,omitempty"`
	Kind      string `json:"kind,omitempty"` // "text", "binary" or "json"
	Data      []byte `json:"data,omitempty"`
	Position  string `json:"position,omitempty"`
	Recovered bool   `json:"recovered,omitempty"`
	Replay    int    `json:"replay,omitempty"`
	From      uint64 `json:"from,omitempty"`
	To        uint64 `json:"to,omitempty"`
	Missed    int    `json:"missed,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Error     string `json:"error,omitempty"` // of a close; for whoever reads the log
}

// maxLine is in bytes.
const maxLine = 32 << 20

// ReadLog reads a log to its end.
func ReadLog(r io.Reader) ([]Event, error) {
	var events []Event
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var e Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return events, fmt.Errorf("line %d of the log: %w", len(events)+1, err)
		}
		events = append(events, e)
	}
	return events, lines.Err()
}
