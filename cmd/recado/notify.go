package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"
)

// A notifier tells the service manager how the server fares (sd_notify(3)).
type notifier struct {
	socket   string        // "": nobody wants to know
	watchdog time.Duration // how long it may say nothing; 0: as long as it likes
	log      *slog.Logger
}

func newNotifier(getenv func(string) string, log *slog.Logger) notifier {
	n := notifier{socket: getenv("NOTIFY_SOCKET"), log: log}
	pid, microseconds := getenv("WATCHDOG_PID"), getenv("WATCHDOG_USEC")
	if pid == "" || pid == strconv.Itoa(os.Getpid()) {
		if us, err := strconv.ParseInt(microseconds, 10, 64); err == nil && us > 0 {
			n.watchdog = time.Duration(us) * time.Microsecond
		}
	}
	return n
}

// tell sends one state, such as READY=1.
func (n notifier) tell(ctx context.Context, state string) {
	if n.socket == "" {
		return
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unixgram", n.socket) // a leading @ is Linux's abstract namespace
	if err == nil {
		_, err = conn.Write([]byte(state))
		_ = conn.Close() // a datagram is sent, or it is not
	}
	if err != nil {
		n.log.Warn("service manager not told", "state", state, "error", err)
	}
}

// live says from time to time that the process runs, until stop is called.
func (n notifier) live(ctx context.Context) (stop func()) {
	if n.socket == "" || n.watchdog == 0 {
		return func() {}
	}
	return running(ctx, func(ctx context.Context) {
		ticker := time.NewTicker(n.watchdog / 3) // one that is late is forgiven
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				n.tell(ctx, "WATCHDOG=1")
			case <-ctx.Done():
				return
			}
		}
	})
}
