package tui

import (
	"image/color"
	"testing"

	tea "charm.land/bubbletea/v2"

	"recado/internal/locale"
)

// Colours can be read on every background that has been told, and about as well on both while none has.
func TestColors(t *testing.T) {
	for b, least := range map[background]float64{unknownBackground: 4.3, darkBackground: 4.5, lightBackground: 4.5} {
		for _, hue := range hues() {
			r, g, bl, _ := tone(hue, vivid, b.luminance()).RGBA()
			l := brightness(float64(r)/0xffff, float64(g)/0xffff, float64(bl)/0xffff)
			grounds := map[background][]float64{unknownBackground: {0, 1}, darkBackground: {0, 0.05}, lightBackground: {0.85, 1}}[b]
			for _, ground := range grounds {
				if contrast := (max(l, ground) + 0.05) / (min(l, ground) + 0.05); contrast < least {
					t.Errorf("hue %v on a background of luminance %v has the contrast %.2f", hue, ground, contrast)
				}
			}
		}
	}
}

func TestModelFollowsBackground(t *testing.T) {
	s := newStage(t, locale.English)
	s.says("hello")
	seen := map[string]bool{s.model.View().Content: true}
	for _, background := range []color.Color{color.Black, color.White} {
		s.do(tea.BackgroundColorMsg{Color: background})
		seen[s.model.View().Content] = true
	}
	if len(seen) != 3 {
		t.Errorf("an unknown, a dark and a light background look like %d", len(seen))
	}
}
