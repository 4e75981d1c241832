package main

import (
	"context"
	"testing"
	"testing/synctest"
)

func TestGiveBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		steps := []struct{ clients, freed int }{
			{0, 0}, {500, 0}, {999, 0}, {950, 0}, // too few
			{5000, 0}, {9000, 0}, {9050, 1}, // a burst, and its end
			{9000, 1}, {9050, 1}, // only that
			{10_000, 1}, {10_040, 1}, // a smaller one
			{10_080, 2},    // that adds up
			{0, 2}, {0, 3}, // all have gone
		}
		freed, at := -1, 0 // the start does not count
		giveBack(ctx, func() int {
			if at > 0 && freed != steps[at-1].freed {
				t.Errorf("with %d clients in step %d: freed %d times, want %d", steps[at-1].clients, at-1, freed, steps[at-1].freed)
			}
			if at++; at == len(steps) {
				stop()
			}
			return steps[at-1].clients
		}, func() { freed++ })
		if want := steps[len(steps)-1].freed; freed != want {
			t.Errorf("freed %d times, want %d", freed, want)
		}
	})
}
