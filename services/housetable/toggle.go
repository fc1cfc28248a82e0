package housetable

import "github.com/igloo-catalog/igloo/pkg/fault"

// MaxToggleRules is the most rules of one feature: to know whether it is on, all
// of them are read.
const MaxToggleRules = 1000

// ToggleRule turns a feature on for the tables that match both patterns: "*"
// matches any run of characters and "?" any one. Case matters, in
// case-insensitive warehouses too.
type ToggleRule struct {
	FeatureID       string
	DatabasePattern string
	TablePattern    string
}

// Matches reports whether the rule turns its feature on for a table.
func (r ToggleRule) Matches(databaseID, tableID string) bool {
	return glob([]rune(r.DatabasePattern), []rune(databaseID)) && glob([]rune(r.TablePattern), []rune(tableID))
}

// glob matches from left to right and goes back to the last star alone: what an
// earlier one could take instead, the last one can take as well.
func glob(pattern, text []rune) bool {
	star, behind := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, behind = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0: // the star takes one more
			behind++
			p, t = star+1, behind
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// TooManyToggleRules is the error of a rule for a feature that has as many as it may.
func TooManyToggleRules(featureID string) error {
	return fault.New(fault.Unprocessable, "feature %s has %d rules already, which is the most", featureID, MaxToggleRules)
}
