package main

// suggest returns the candidate that a misspelt name was most likely meant to be, or "" if none is near.
func suggest(name string, candidates []string) string {
	best, nearest := max(2, len(name)/4)+1, ""
	for _, candidate := range candidates {
		if d := distance(name, candidate); d < best {
			best, nearest = d, candidate
		}
	}
	return nearest
}

// distance is Levenshtein's: how many bytes must be added, removed or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// withSuggestion is the problem about a name that nobody knows; its hint is another one when nothing is near.
func withSuggestion(id, name string, candidates []string) error {
	nearest := suggest(name, candidates)
	if nearest == "" {
		return &problem{id: id, variant: "far", facts: []any{"Name", name}}
	}
	return &problem{id: id, facts: []any{"Name", name, "Suggestion", nearest}}
}
