package tui

import (
	"fmt"
	"testing"

	"recado/internal/locale"
)

// BenchmarkModel is one message, and the screen after it, in a journal that is full.
func BenchmarkModel(b *testing.B) {
	s := newStage(b, locale.English)
	s.resize(120, 40)
	for i := range journalMax {
		s.says(fmt.Sprintf("message %d of many, with some words in it and an emoji 😀", i))
	}
	b.ReportAllocs()
	for b.Loop() {
		s.says("one more message, with about as many words as people say at once")
		s.model.View()
	}
}
