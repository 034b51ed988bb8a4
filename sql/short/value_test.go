package short

import "testing"

// TestHasAstral has a character of four bytes, or of fewer, at each place of texts of each length around eight.
func TestHasAstral(t *testing.T) {
	for length := range 20 {
		for at := range length + 1 {
			text := make([]byte, length)
			for i := range text {
				text[i] = 'x'
			}
			for character, want := range map[string]bool{"": false, "é": false, "\u9cff": false, "\uffff": false, "\U00010000": true, "\U0010ffff": true} {
				got := string(text[:at]) + character + string(text[at:])
				if hasAstral([]byte(got)) != want {
					t.Errorf("%q: %v", got, !want)
				}
			}
		}
	}
}
