package settings

import "strings"

// hint names the known key that an unknown one was most likely meant to be, if any
// is near: with - for _, or no more than a third of its letters others.
func hint(key string, known []string) string {
	key = strings.ReplaceAll(strings.ToLower(key), "_", "-")
	nearest, least := "", len(key)/3+1
	for _, candidate := range known {
		if d := distance(key, candidate); d < least {
			nearest, least = candidate, d
		}
	}
	if nearest == "" {
		return ""
	}
	return ", which may mean " + nearest
}

// distance is how many letters have to be put in, taken out or replaced to make one
// word of another (Levenshtein).
func distance(a, b string) int {
	above := make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replaced := above[j]
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(replaced, above[j+1]+1, row[j]+1)
		}
		above = row
	}
	return above[len(b)]
}
