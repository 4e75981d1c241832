package loadgen

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is what the process has used of all processors, in user and kernel mode, to the nanosecond;
// /proc/PID/stat counts in ticks of 10 ms. The process 0 is this one.
func cpuTime(pid int) (time.Duration, error) {
	const perProcess = 2 // CPUCLOCK_SCHED of the kernel's posix-timers.h; the bits above hold the inverted pid
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|perProcess), &t); err != nil {
		return 0, fmt.Errorf("%w: processor time: %w", ErrProcess, err)
	}
	return time.Duration(t.Nano()), nil
}

// waited is how long this thread has been ready to run while other threads had the processors; 0 if the kernel does
// not count it.
func waited() time.Duration {
	text, err := os.ReadFile("/proc/thread-self/schedstat")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text) // nanoseconds that it ran, nanoseconds that it waited, time slices
	if len(fields) != 3 {
		return 0
	}
	nanoseconds, _ := strconv.ParseInt(string(fields[1]), 10, 64) // as above
	return time.Duration(nanoseconds)
}

// residentBytes is the memory that the process has in RAM; 0 for none, the process 0. The counter in /proc/PID/status may be behind by
// some pages for each processor, so it is only the second choice.
func residentBytes(pid int) (int64, error) {
	if pid == 0 {
		return 0, nil
	}
	for _, source := range []struct{ file, field string }{{"smaps_rollup", "Rss:"}, {"status", "VmRSS:"}} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, source.file))
		if err != nil {
			continue
		}
		for line := range bytes.Lines(text) {
			fields := bytes.Fields(line) // "Rss: 1234 kB"
			if len(fields) == 3 && string(fields[0]) == source.field {
				kilobytes, err := strconv.ParseInt(string(fields[1]), 10, 64)
				return kilobytes << 10, err
			}
		}
	}
	return 0, fmt.Errorf("%w: its memory cannot be read", ErrProcess)
}

// checkFiles says whether this process may open as many connections as asked for, and the few files that it needs
// besides.
func checkFiles(c Config) error {
	spare := 32
	if c.Churn > 0 {
		spare += comings
	}
	if c.Protocol == SSE {
		spare += c.Rooms * c.Senders
	}
	var limit unix.Rlimit // Go has raised it as far as it may
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	if needed := uint64(c.Connections + spare); limit.Cur < needed {
		return &FileLimitError{Files: limit.Cur, Needed: needed}
	}
	return nil
}
