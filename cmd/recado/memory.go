package main

import (
	"context"
	"time"
)

const (
	// restTime is how long the number of clients has to stay about the same for a burst to be over.
	restTime = 2 * time.Second
	// burst is how many clients more or less make one.
	burst = 1000
)

// giveBack calls free, which returns unused memory to the system, at once, for what the start has left behind, and each
// time that a burst of clients has come or gone: what remains of their handshakes would stay for minutes, and be more
// than they themselves take. It runs until ctx ends.
func giveBack(ctx context.Context, clients func() int, free func()) {
	ticker := time.NewTicker(restTime)
	defer ticker.Stop()
	free()
	freed, last := 0, 0 // clients at those times
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := clients()
		if resting := abs(now-last) < burst/10; resting && abs(now-freed) >= burst {
			free()
			freed = now
		}
		last = now
	}
}

func abs(n int) int { return max(n, -n) }
