//go:build linux

package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// servers are all that can be measured, in the order of the tables.
func servers() []string {
	return []string{"recado", "gws", "gorilla", "coder", "melody", "node-ws", "python-broadcast", "python-naive"}
}

// A program is a server that can be started.
type program struct {
	name    string
	version string // of what it is made of
	command []string
}

// anywhere is a port of the system's choice.
const anywhere = "127.0.0.1:0"

// python is Debian's, not what else may be on the way there: its modules are where apt-get puts them.
const python = "/usr/bin/python3"

// A builder makes programs of the sources in the module at root; what it builds goes to dir.
type builder struct {
	root, dir string
	stderr    io.Writer
}

// build makes the programs of the servers.
func build(ctx context.Context, dir string, names []string, stderr io.Writer) ([]program, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("find the peers: %w (fanout is started in bench/peers)", err)
	}
	b := builder{strings.TrimSpace(string(root)), dir, stderr}
	var programs []program
	for _, name := range names {
		p, err := b.build(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("build %s: %w", name, err)
		}
		programs = append(programs, p)
	}
	return programs, nil
}

func (b builder) build(ctx context.Context, name string) (program, error) {
	switch name {
	case "recado":
		return b.goProgram(ctx, filepath.Join(b.root, "..", ".."), "./cmd/recado", name,
			"serve", "--listen", "localhost:0", "--web", "", "--limits-message-rate", "0", "--log-level", "warn")
	case "node-ws":
		return b.nodeProgram(ctx, name)
	case "python-broadcast", "python-naive":
		return b.pythonProgram(ctx, name, strings.TrimPrefix(name, "python-")+".py")
	}
	return b.goProgram(ctx, b.root, "./"+name, name, anywhere)
}

// goProgram builds what, a package of the module in from.
func (b builder) goProgram(ctx context.Context, from, what, name string, args ...string) (program, error) {
	file := filepath.Join(b.dir, name)
	if err := b.run(ctx, from, "go", "build", "-trimpath", "-o", file, what); err != nil {
		return program{}, err
	}
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return program{}, err
	}
	return program{name, madeOf(name, info), append([]string{file}, args...)}, nil
}

// madeOf names a peer's library. Recado's version is that of the tree that fanout belongs to.
func madeOf(name string, info *buildinfo.BuildInfo) string {
	library := map[string]string{
		"gws":     "github.com/lxzan/gws",
		"gorilla": "github.com/gorilla/websocket",
		"coder":   "github.com/coder/websocket",
		"melody":  "github.com/olahol/melody",
	}[name]
	for _, module := range info.Deps {
		if module.Path == library {
			return module.Path + " " + module.Version
		}
	}
	return "this tree"
}

// nodeProgram installs what the lock file says, unless that was done since the file changed.
func (b builder) nodeProgram(ctx context.Context, name string) (program, error) {
	dir := filepath.Join(b.root, "nodews")
	locked, err := os.Stat(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return program{}, err
	}
	installed, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	if err != nil || installed.ModTime().Before(locked.ModTime()) {
		if err = b.run(ctx, dir, "npm", "ci", "--silent"); err != nil {
			return program{}, fmt.Errorf("npm ci: %w (Debian's packages: apt-get install nodejs npm)", err)
		}
	}
	var library struct{ Version string }
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", "ws", "package.json"))
	if err = errors.Join(err, json.Unmarshal(text, &library)); err != nil {
		return program{}, err
	}
	node, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return program{}, fmt.Errorf("node: %w (Debian's package: apt-get install nodejs)", err)
	}
	version := fmt.Sprintf("ws %s, Node %s", library.Version, strings.TrimSpace(string(node)))
	return program{name, version, []string{"node", filepath.Join(dir, "main.js"), anywhere}}, nil
}

func (b builder) pythonProgram(ctx context.Context, name, script string) (program, error) {
	const versions = `import platform, websockets.version as w; print(f"websockets {w.version}, Python {platform.python_version()}")`
	version, err := exec.CommandContext(ctx, python, "-c", versions).Output()
	if err != nil {
		return program{}, fmt.Errorf("%s has no websockets: %w (Debian's package: apt-get install python3-websockets)", python, err)
	}
	// -B: no compiled files beside the sources.
	command := []string{python, "-B", filepath.Join(b.root, "python", script), anywhere}
	return program{name, strings.TrimSpace(string(version)), command}, nil
}

func (b builder) run(ctx context.Context, dir, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir, command.Stdout, command.Stderr = dir, b.stderr, b.stderr
	return command.Run()
}
