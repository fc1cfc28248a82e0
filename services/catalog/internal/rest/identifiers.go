package rest

import (
	"encoding/json"
	"net/http"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// identifiers is the answer of a page of names of a namespace, and the token of the
// next page. Pages have a thousand names and more, so they are written without
// reflection, with the namespace encoded once.
func identifiers(ns catalog.Namespace, names []string, next *string) (answer, error) {
	levels, err := json.Marshal(ns)
	if err != nil {
		return answer{}, err
	}
	token, err := json.Marshal(next)
	if err != nil {
		return answer{}, err
	}
	const begins, named, ends = `{"namespace":`, `,"name":`, `},`
	size := len(token) + 64
	for _, name := range names {
		size += len(begins) + len(levels) + len(named) + len(name) + len(ends) + len(`""`)
	}
	body := append(make([]byte, 0, size), `{"identifiers":[`...)
	for i, name := range names {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(append(append(body, begins...), levels...), named...)
		if body, err = appendText(body, name); err != nil {
			return answer{}, err
		}
		body = append(body, '}')
	}
	body = append(append(append(body, `],"next-page-token":`...), token...), '}')
	return answer{status: http.StatusOK, body: [][]byte{body}}, nil
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
