package loadgen

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/gobwas/ws"
)

// A Config says what load to make. A zero field means the default.
type Config struct {
	URL         string        // ws://host:port/room; the name of each of several rooms is this one and a number
	Protocol    Protocol      // default Raw
	AnyTarget   bool          // also an address that is neither loopback nor private
	Connections int           // default 1,000
	Rooms       int           // that the connections are spread over; default 1
	InFlight    int           // closed loop: messages under way at once in each room; default 1
	Rate        float64       // open loop: messages a second in all rooms together; 0 is the closed loop
	Senders     int           // members of each room that send; default as many as InFlight, or in the open loop 1
	Size        int           // payload bytes of a message, at least MinSize; default 64
	Binary      bool          // binary messages; default text, the only ones but in Raw
	Stalled     int           // members that never read, counted among Connections; they do not send
	Churn       float64       // connections a second that join and leave again, beside the others
	Warmup      time.Duration // load before the measurement; default 1 s
	Duration    time.Duration // of the measurement; default 10 s
	Settle      time.Duration // Idle: silence before memory is read; default 5 s
	Timeout     time.Duration // for a handshake, and for a message to reach everyone; default 10 s
	Sources     int           // addresses from 127.0.0.1 up to connect from; default one for each 20,000 connections
	Dialing     int           // handshakes at once; default 32
	Gather      time.Duration // pause after reading from few connections; default 100 µs, Off to sleep until the next delivery
	PID         int           // of a server on this machine, whose CPU time and memory are read; 0: neither
	Watch       *Watch        // shows how far the run has come; nil: nobody looks
}

// maxChurn is above what one machine gets through.
const maxChurn = 100_000

// maxRate is far above what one thread can write.
const maxRate = 10_000_000

// MinSize is the smallest payload that has room for what a message is recognised by, MaxSize one that any test
// should do with.
const (
	MinSize = 16
	MaxSize = 16 << 20
)

// Off is no pause at all.
const Off = -1

// perSource stays below the 28,232 ports that Linux gives out for one address by default.
const perSource = 20_000

func (c Config) withDefaults() Config {
	c.Protocol = cmp.Or(c.Protocol, Raw)
	c.Connections = cmp.Or(c.Connections, 1000)
	c.Rooms = cmp.Or(c.Rooms, 1)
	c.InFlight = cmp.Or(c.InFlight, 1)
	if c.Rate > 0 {
		c.Senders = cmp.Or(c.Senders, 1)
	}
	c.Senders = cmp.Or(c.Senders, max(1, min(c.InFlight, c.listeners())))
	c.Size = cmp.Or(c.Size, 64)
	c.Warmup = cmp.Or(c.Warmup, time.Second)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	c.Settle = cmp.Or(c.Settle, 5*time.Second)
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.Sources = cmp.Or(c.Sources, (c.Connections+perSource-1)/perSource)
	c.Gather = cmp.Or(c.Gather, 100*time.Microsecond)
	c.Dialing = cmp.Or(c.Dialing, 32)
	if c.Watch == nil {
		c.Watch = new(Watch)
	}
	return c
}

// pattern is that of the run's messages.
func (c Config) pattern() pattern {
	switch {
	case c.Protocol != Raw:
		return newWrappedPattern(c.Size, c.Protocol)
	case c.Binary:
		return newPattern(c.Size, ws.OpBinary)
	}
	return newPattern(c.Size, ws.OpText)
}

// listeners is the least number of members of a room that read.
func (c Config) listeners() int {
	if c.Rooms < 1 {
		return 0
	}
	return (c.Connections - c.Stalled) / c.Rooms
}

// check expects the defaults to be filled in.
func (c Config) check() error {
	u, err := url.Parse(c.URL)
	wrong := func(setting Setting, format string, a ...any) error {
		return &ConfigError{Setting: setting, Err: fmt.Errorf(format, a...)}
	}
	most := min(c.listeners(), maxSenders/max(1, c.Rooms))
	switch {
	case err != nil:
		return wrong(SettingURL, "address of the server: %w", err)
	case u.Scheme != "ws" || u.Hostname() == "":
		return wrong(SettingURL, "address of the server: %q is not of the form ws://host:port/room", c.URL)
	case c.Rooms < 1 || c.Connections < 2*c.Rooms:
		return wrong(SettingConnections, "%d connections in %d rooms: a relay needs 2 in each", c.Connections, c.Rooms)
	case c.Stalled < 0 || c.listeners() < 2:
		return wrong(SettingStalled, "%d stalled of %d connections: 2 must stay in each room", c.Stalled, c.Connections)
	case c.Senders < 1 || c.Senders > most:
		return wrong(SettingSenders, "%d senders in each room: from 1 to %d can be", c.Senders, most)
	case c.Rate < 0 || c.Rate > maxRate:
		return wrong(SettingRate, "%v messages a second: up to %d can be", c.Rate, maxRate)
	case c.Churn < 0 || c.Churn > maxChurn:
		return wrong(SettingChurn, "%v connections a second come and go: up to %d can", c.Churn, maxChurn)
	case c.Rate == 0 && c.InFlight < c.Senders:
		return wrong(SettingInFlight, "%d messages in flight are too few for %d senders", c.InFlight, c.Senders)
	case c.Size < MinSize || c.Size > MaxSize:
		return wrong(SettingSize, "%d bytes: a message has from %d to %d", c.Size, MinSize, MaxSize)
	case !slices.Contains(Protocols(), c.Protocol):
		return wrong(SettingOther, "protocol %q: there are %s", c.Protocol, Protocols())
	case c.Protocol != Raw && c.Binary:
		return wrong(SettingOther, "binary messages are for %s, not for %s", Raw, c.Protocol)
	case c.Sources < 1 || c.Sources > 254:
		return wrong(SettingConnections, "%d source addresses: from 1 to 254 can be", c.Sources)
	case min(c.Warmup, c.Duration, c.Settle, c.Timeout) < 0 || c.Dialing < 1 || c.PID < 0:
		return wrong(SettingOther, "negative times, numbers of handshakes and process ids mean nothing")
	}
	return nil
}
