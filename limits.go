package recado

import (
	"cmp"
	"time"
)

// Limits bound what one client or one room can cost. A zero field means the default, Off no limit
// (where that makes sense). Sizes are payload bytes.
type Limits struct {
	MessageSize      int           // of one message, after inflation; default 64 KiB, at most MaxMessageSize
	MessageRate      int           // messages a second from one connection; default 1,000, Off for no limit
	MessageBurst     int           // messages at once before the rate applies; default 2 × MessageRate
	Queue            int           // bytes waiting for one slow connection; default max(256 KiB, 4 × MessageSize)
	QueueStall       time.Duration // how long a waiting connection may take nothing; default 5 s
	ControlRate      int           // control frames a second from one connection; default 20, Off for no limit
	ControlBurst     int           // default 100
	Fragments        int           // of one message; default max(4,096, MessageSize / 32)
	Connections      int           // at once; default Off: the server takes what the file limit allows
	ConnectionsPerIP int           // at once from one address; default 1,000, Off for no limit
	ConnectRate      int           // connections a second from one address; default 50, Off for no limit
	ConnectBurst     int           // connections at once before the rate applies; default 4 × ConnectRate
	AuthFailures     int           // wrong passwords and tokens a minute from one address; default 30, Off for no limit
	Rooms            int           // at once; default 100,000, Off for no limit
	PingInterval     time.Duration // silence before a ping; default 25 s, Off for no pings
	PingTimeout      time.Duration // silence after a ping before the connection is given up; default 10 s
	CloseTimeout     time.Duration // for the other side to answer a close; default 5 s
	HeaderTimeout    time.Duration // for the whole request head; default 5 s
	HeaderBytes      int           // of a request head; default 16 KiB
	HeaderCount      int           // of a request's header lines; default 100
	HelloTimeout     time.Duration // for the first frame of recado.v1; default 10 s
	MembersListed    int           // of a room; in larger ones only their number is told; default 1,000
	Drain            time.Duration // over which the clients go when the server is to start anew; default 10 s, Off for at once
	CompressedFrom   int           // smallest message that is compressed where that was negotiated; default 512

	QueuePolicies []RoomPolicy // what happens when a connection's queue is full; the first that matches counts; default Disconnect

	HistoryMessages   int           // kept of one room; default 200, Off for no history
	HistoryAge        time.Duration // default 24 h, Off for no limit
	HistoryBytes      int           // kept of one room; default 1 MiB, or MessageSize if that is more
	HistoryTotalBytes int           // kept of all rooms together; default 256 MiB

	RoomRules []RoomRule // the first that matches a room counts; see In
}

// MaxMessageSize is the largest MessageSize that can be configured.
const MaxMessageSize = 16 << 20

// WithDefaults fills every zero field in.
func (l Limits) WithDefaults() Limits {
	l.MessageSize = cmp.Or(l.MessageSize, 64<<10)
	l.MessageRate = cmp.Or(l.MessageRate, 1000)
	l.MessageBurst = cmp.Or(l.MessageBurst, 2*max(l.MessageRate, 1))
	l.Queue = cmp.Or(l.Queue, max(256<<10, 4*l.MessageSize))
	l.QueueStall = cmp.Or(l.QueueStall, 5*time.Second)
	l.ControlRate = cmp.Or(l.ControlRate, 20)
	l.ControlBurst = cmp.Or(l.ControlBurst, 100)
	l.Fragments = cmp.Or(l.Fragments, max(4096, l.MessageSize/32))
	l.Connections = cmp.Or(l.Connections, Off)
	l.ConnectionsPerIP = cmp.Or(l.ConnectionsPerIP, 1000)
	l.ConnectRate = cmp.Or(l.ConnectRate, 50)
	l.ConnectBurst = cmp.Or(l.ConnectBurst, 4*max(l.ConnectRate, 1))
	l.AuthFailures = cmp.Or(l.AuthFailures, 30)
	l.Rooms = cmp.Or(l.Rooms, 100_000)
	l.PingInterval = cmp.Or(l.PingInterval, 25*time.Second)
	l.PingTimeout = cmp.Or(l.PingTimeout, 10*time.Second)
	l.CloseTimeout = cmp.Or(l.CloseTimeout, 5*time.Second)
	l.HeaderTimeout = cmp.Or(l.HeaderTimeout, 5*time.Second)
	l.HeaderBytes = cmp.Or(l.HeaderBytes, 16<<10)
	l.HeaderCount = cmp.Or(l.HeaderCount, 100)
	l.HelloTimeout = cmp.Or(l.HelloTimeout, 10*time.Second)
	l.MembersListed = cmp.Or(l.MembersListed, 1000)
	l.Drain = cmp.Or(l.Drain, 10*time.Second)
	l.CompressedFrom = cmp.Or(l.CompressedFrom, 512)
	if l.QueuePolicies == nil {
		l.QueuePolicies = []RoomPolicy{{Pattern: "*", Policy: Disconnect}}
	}
	l.HistoryMessages = cmp.Or(l.HistoryMessages, 200)
	l.HistoryAge = cmp.Or(l.HistoryAge, 24*time.Hour)
	l.HistoryBytes = cmp.Or(l.HistoryBytes, max(1<<20, l.MessageSize))
	l.HistoryTotalBytes = cmp.Or(l.HistoryTotalBytes, 256<<20)
	return l.withRules()
}
