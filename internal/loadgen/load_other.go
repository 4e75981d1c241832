//go:build !linux

package loadgen

import "context"

// Run returns ErrUnsupported.
func Run(context.Context, Config) (*Result, error) {
	return nil, ErrUnsupported
}

// Idle returns ErrUnsupported.
func Idle(context.Context, Config) (*IdleResult, error) {
	return nil, ErrUnsupported
}
