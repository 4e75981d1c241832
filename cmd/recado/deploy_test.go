package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the files for deployment start is a command with such flags and settings.
func TestDeployment(t *testing.T) {
	for file, want := range map[string]int{"deploy/recado.service": 1, "Dockerfile": 2} {
		lines := commandsIn(t, file)
		if len(lines) != want {
			t.Fatalf("%s has the commands %q, want %d", file, lines, want)
		}
		for _, line := range lines {
			p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }}
			cmd, flags, err := newRootCommand(p, sharedTexts()).Find(line)
			if err == nil && cmd.HasParent() {
				err = cmd.ParseFlags(flags)
			}
			if err != nil || !cmd.HasParent() || len(cmd.Flags().Args()) > 0 {
				t.Errorf("%s: %q: command %q, %v, arguments %q", file, line, cmd.Name(), err, cmd.Flags().Args())
			}
		}
	}
}

var (
	execStart = regexp.MustCompile(`(?m)^ExecStart=\S*/recado (.*)$`)
	execForm  = regexp.MustCompile(`(?m)\bCMD (\[.*\])$`)
)

// commandsIn are the arguments of the program, as a unit of systemd and a Dockerfile give them.
func commandsIn(t *testing.T, name string) (lines [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range execStart.FindAllStringSubmatch(string(text), -1) {
		words := strings.Fields(found[1])
		for i, word := range words {
			words[i] = strings.Trim(word, `"`)
		}
		lines = append(lines, words)
	}
	for _, found := range execForm.FindAllStringSubmatch(string(text), -1) {
		var words []string
		if err := json.Unmarshal([]byte(found[1]), &words); err != nil {
			t.Fatalf("%s: %s: %v", name, found[1], err)
		}
		if words[0] == "/recado" { // a health check names the program, which is the entry point otherwise
			words = words[1:]
		}
		lines = append(lines, words)
	}
	return lines
}
