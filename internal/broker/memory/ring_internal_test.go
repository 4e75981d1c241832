package memory

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got ring[int]
		var want []int
		for i := range rapid.IntRange(0, 300).Draw(t, "steps") {
			if len(want) > 0 && rapid.IntRange(0, 3).Draw(t, "pop") > 1 {
				got.pop()
				want = want[1:]
			} else {
				*got.push() = i
				want = append(want, i)
			}
			held := []int{}
			for i := range got.n {
				held = append(held, *got.at(i))
			}
			if !slices.Equal(held, want) || len(got.slots) > max(1, 4*got.n) && got.n > 0 || got.n == 0 && got.slots != nil {
				t.Fatalf("holds %v in %d slots, want %v", held, len(got.slots), want)
			}
		}
	})
}

// What is dropped is not held on to.
func TestRingLetsGo(t *testing.T) {
	var r ring[[]byte]
	for range 5 {
		*r.push() = make([]byte, 1)
	}
	r.pop()
	held := 0
	for _, b := range r.slots {
		held += len(b)
	}
	if held != r.n {
		t.Errorf("%d slots point to something, want %d", held, r.n)
	}
}
