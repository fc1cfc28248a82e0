package chaos

import (
	"fmt"
	"maps"
	"slices"
)

// Rule is one promise.
type Rule string

// The rules.
const (
	Lost              Rule = "acknowledged and lost"
	AppliedTwice      Rule = "applied twice"
	RefusedAndApplied Rule = "refused and applied"
	Torn              Rule = "a transaction applied in part"
	RepliesDiffer     Rule = "one request, different answers"
	ReplayDiffers     Rule = "sent again, another answer"
	ReplayMoved       Rule = "sent again, applied again"
	FileMissing       Rule = "a metadata file is missing"
	Orphaned          Rule = "a metadata file is left that nothing names"
	NotLinearizable   Rule = "no order of the requests explains it"
	// Undecided is no broken promise, but a proof that was not found in time.
	Undecided Rule = "an order of the requests was looked for too long"
)

// Violation is a promise that was broken.
type Violation struct {
	Rule   Rule
	Detail string
}

// String is the violation in one line.
func (v Violation) String() string { return string(v.Rule) + ": " + v.Detail }

// Check holds a history against what is there. No violation means that every
// promise was kept.
func Check(history []Request, observed Observed) []Violation {
	var found []Violation
	for _, r := range history {
		found = append(found, checkReplies(r, observed)...)
		found = append(found, checkEffects(r, observed)...)
	}
	for _, name := range slices.Sorted(maps.Keys(observed.Tables)) {
		found = append(found, checkTable(name, observed.Tables[name])...)
	}
	for _, name := range slices.Sorted(maps.Keys(observed.Values)) {
		found = append(found, checkView(name, observed.Values[name])...)
	}
	for _, name := range observed.Moved {
		found = append(found, Violation{ReplayMoved, name})
	}
	for _, file := range observed.Orphans {
		found = append(found, Violation{Orphaned, file})
	}
	return append(found, checkOrder(history, observed)...)
}

// checkReplies: whoever asks under one key is told one thing, at any time.
func checkReplies(r Request, observed Observed) []Violation {
	var found []Violation
	for _, reply := range r.Replies {
		if r.Key != "" && reply != r.Replies[0] {
			found = append(found, Violation{RepliesDiffer, fmt.Sprintf("request %d: %v and %v", r.ID, r.Replies[0], reply)})
		}
	}
	again, sent := observed.Replays[r.ID]
	if sent && len(r.Replies) > 0 && again != r.Replies[0] {
		found = append(found, Violation{ReplayDiffers, fmt.Sprintf("request %d: %v, then %v", r.ID, r.Replies[0], again)})
	}
	return found
}

// checkEffects: what was acknowledged is there, what was refused is not, and
// what is there is there as a whole.
func checkEffects(r Request, observed Observed) []Violation {
	there, missing := split(r.Effects, observed)
	var found []Violation
	switch {
	case r.acknowledged() && len(missing) > 0:
		found = append(found, Violation{Lost, fmt.Sprintf("request %d: %v", r.ID, missing)})
	case r.refused() && len(there) > 0:
		found = append(found, Violation{RefusedAndApplied, fmt.Sprintf("request %d, %d: %v", r.ID, r.status(), there)})
	}
	if len(there) > 0 && len(missing) > 0 {
		found = append(found, Violation{Torn, fmt.Sprintf("request %d: has %v and not %v", r.ID, there, missing)})
	}
	return found
}

func split(effects []Effect, observed Observed) (there, missing []Effect) {
	for _, e := range effects {
		if observed.Tables[e.Table].holds(e) {
			there = append(there, e)
		} else {
			missing = append(missing, e)
		}
	}
	return there, missing
}

// checkView: a view comes to each value once.
func checkView(name string, values []string) []Violation {
	var found []Violation
	for i, value := range values {
		if slices.Contains(values[:i], value) {
			found = append(found, Violation{AppliedTwice, fmt.Sprintf("view %s: value %s", name, value)})
		}
	}
	return found
}

// checkTable: a table comes to each head and to each value once, and every file
// of its past is there.
func checkTable(name string, t Table) []Violation {
	var found []Violation
	var before State
	heads, values := map[int64]bool{}, map[string]bool{}
	for _, s := range t.States {
		if s.Main != before.Main && heads[s.Main] {
			found = append(found, Violation{AppliedTwice, fmt.Sprintf("table %s: snapshot %d", name, s.Main)})
		}
		if s.Value != before.Value && values[s.Value] {
			found = append(found, Violation{AppliedTwice, fmt.Sprintf("table %s: value %s", name, s.Value)})
		}
		heads[s.Main], values[s.Value], before = true, true, s
	}
	for _, file := range t.Missing {
		found = append(found, Violation{FileMissing, fmt.Sprintf("table %s: %s", name, file)})
	}
	return found
}
