package rest

import (
	"encoding/json"
	"net/http"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// identifiers is the answer of pages of names of a namespace, and the token of the
// next page. Pages have a thousand names and more, so they are written without
// reflection, with the namespace encoded once, and those that are remembered as
// they were.
func identifiers(ns catalog.Namespace, pages []*catalog.Names, next *string) (answer, error) {
	levels, err := json.Marshal(ns)
	if err != nil {
		return answer{}, err
	}
	token, err := json.Marshal(next)
	if err != nil {
		return answer{}, err
	}
	body := [][]byte{[]byte(`{"identifiers":[`)}
	for _, page := range pages {
		text, err := page.Text(func(names []string) ([]byte, error) { return identifiersText(levels, names) })
		if err != nil {
			return answer{}, err
		}
		if len(body) > 1 && len(text) > 0 {
			body = append(body, []byte(","))
		}
		body = append(body, text)
	}
	body = append(body, append(append([]byte(`],"next-page-token":`), token...), '}'))
	return answer{status: http.StatusOK, body: body}, nil
}

// identifiersText are names in a namespace with such levels, as a JSON array has
// them between its brackets.
func identifiersText(levels []byte, names []string) (text []byte, err error) {
	const begins, named, ends = `{"namespace":`, `,"name":`, `},`
	size := 0
	for _, name := range names {
		size += len(begins) + len(levels) + len(named) + len(name) + len(ends) + len(`""`)
	}
	text = make([]byte, 0, size)
	for i, name := range names {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(append(text, begins...), levels...), named...)
		if text, err = appendText(text, name); err != nil {
			return nil, err
		}
		text = append(text, '}')
	}
	return text, nil
}

// appendText appends a text as JSON, as the package json has it.
func appendText(to []byte, text string) ([]byte, error) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(text)
			return append(to, quoted...), err
		}
	}
	return append(append(append(to, '"'), text...), '"'), nil
}
