package gcstest

import (
	"fmt"
	"strings"
)

// condition is what a request must fulfil: one of its terms.
//
// Of the language of conditions, CEL, it knows what Google documents for
// boundaries: names that start with something, and lists that do.
type condition []term

// term is a prefix of objects' names, or of the prefixes that lists ask for.
type term struct {
	list   bool
	prefix string
}

const (
	nameTerm = "resource.name.startsWith("
	listTerm = "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith("
)

// parse reads a condition to its last character, or refuses it.
func parse(text string) (condition, error) {
	var c condition
	for {
		var t term
		rest, isName := strings.CutPrefix(text, nameTerm)
		if !isName {
			if rest, t.list = strings.CutPrefix(text, listTerm); !t.list {
				return nil, fmt.Errorf("no term begins at %q", text)
			}
		}
		var err error
		if t.prefix, rest, err = literal(rest); err != nil {
			return nil, err
		}
		c = append(c, t)
		if rest == ")" {
			return c, nil
		}
		if text, isName = strings.CutPrefix(rest, ") || "); !isName {
			return nil, fmt.Errorf("no end of a term at %q", rest)
		}
	}
}

// literal reads a string in single quotes.
func literal(text string) (value, rest string, err error) {
	if !strings.HasPrefix(text, "'") {
		return "", "", fmt.Errorf("no string begins at %q", text)
	}
	var read strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\'':
			return read.String(), text[i+1:], nil
		case '\\':
			if i++; i == len(text) || text[i] != '\\' && text[i] != '\'' {
				return "", "", fmt.Errorf("an escape that no condition here needs in %q", text)
			}
		}
		read.WriteByte(text[i])
	}
	return "", "", fmt.Errorf("the string at %q does not end", text)
}

// holds reports whether an object, or the list of a prefix, is meant.
func (c condition) holds(w want) bool {
	for _, t := range c {
		if t.list && w.list && strings.HasPrefix(w.object, t.prefix) {
			return true
		}
		if !t.list && !w.list && strings.HasPrefix("projects/_/buckets/"+w.bucket+"/objects/"+w.object, t.prefix) {
			return true
		}
	}
	return false
}
