// Command melody is a relay on github.com/olahol/melody, with its BroadcastOthers. Its message queue stays 256 deep;
// only the largest message is more than its 512 bytes.
package main

import (
	"net/http"

	"github.com/olahol/melody"

	"recado/bench/peers/peer"
)

func main() {
	m := melody.New()
	m.Config.MaxMessageSize = 16 << 20
	m.HandleMessage(func(from *melody.Session, text []byte) {
		_ = m.BroadcastOthers(text, from)
	})
	m.HandleMessageBinary(func(from *melody.Session, data []byte) {
		_ = m.BroadcastBinaryOthers(data, from)
	})
	panic(peer.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = m.HandleRequest(w, r) // lives as long as the connection
	})))
}
