package transport

import (
	"os"
	"os/exec"
	"testing"
)

// portableTests says, in the environment, that the tests use what sockets have without the poller.
const portableTests = "TRANSPORT_TESTS_PORTABLE"

// Portable makes w do without the poller if the tests run that way.
func (t *Transport) Portable() *Transport {
	t.portable = os.Getenv(portableTests) != ""
	return t
}

// Every test once more, the way other systems go: a goroutine waits for each connection.
func TestPortable(t *testing.T) {
	if os.Getenv(portableTests) != "" {
		return // this is the second time
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.timeout", "5m")
	cmd.Env = append(os.Environ(), portableTests+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("without the poller: %v\n%s", err, out)
	}
}
