package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"recado"
	"recado/internal/broker/memory"
)

// A stateFile keeps what the broker remembers while no server runs; "" for none.
type stateFile string

// restore makes the broker that goes on where the one before ended, or a new one if nothing was kept. The file is
// consumed: two brokers that went on from the same one would give one position to different messages.
func (f stateFile) restore(l recado.Limits) (*memory.Broker, error) {
	if f == "" {
		return memory.New(l), nil
	}
	if err := f.probe(); err != nil {
		return nil, f.problem(exitConfig, "state_unwritable", "", err)
	}
	broker, err := f.read(l)
	if errors.Is(err, fs.ErrNotExist) {
		return memory.New(l), nil
	}
	if err != nil {
		return nil, f.problem(exitConfig, "state_unreadable", "", err)
	}
	if err := f.remove(); err != nil {
		return nil, f.problem(exitConfig, "state_unwritable", "", err)
	}
	return broker, nil
}

// keep closes the broker and writes down what it remembers.
func (f stateFile) keep(broker *memory.Broker) error {
	err := broker.Close()
	if err == nil && f != "" {
		err = f.write(broker)
	}
	if err != nil {
		return f.problem(exitFailure, "state_unwritable", "lost", err)
	}
	return nil
}

// draft is what is written first, so that the file is whole whenever it is there.
func (f stateFile) draft() string { return string(f) + ".new" }

// probe fails now where write would fail when it is too late.
func (f stateFile) probe() error {
	file, err := f.create()
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(f.draft()))
}

// create begins the draft; only its owner may read what people said.
func (f stateFile) create() (*os.File, error) {
	return os.OpenFile(f.draft(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

func (f stateFile) read(l recado.Limits) (*memory.Broker, error) {
	file, err := os.Open(string(f))
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	return memory.Load(file, l)
}

func (f stateFile) remove() error {
	if err := os.Remove(string(f)); err != nil {
		return err
	}
	f.syncDirectory()
	return nil
}

func (f stateFile) write(broker *memory.Broker) error {
	file, err := f.create()
	if err != nil {
		return err
	}
	err = errors.Join(broker.Save(file), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(f.draft(), string(f))
	}
	if err != nil {
		_ = os.Remove(f.draft()) // what failed is told already
		return err
	}
	f.syncDirectory()
	return nil
}

// syncDirectory makes what became of the file outlast a loss of power, where the system can do that.
func (f stateFile) syncDirectory() {
	directory, err := os.Open(filepath.Dir(string(f)))
	if err != nil {
		return
	}
	_ = directory.Sync()
	_ = directory.Close()
}

func (f stateFile) problem(code int, id, variant string, err error) error {
	return &exitError{code: code, err: &problem{id: id, variant: variant, facts: []any{"File", string(f), "Cause", err}, err: err}}
}
