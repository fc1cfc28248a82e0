package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// printable is text that moves no cursor and rings no bell, whoever wrote it.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// flat are the fields of a JSON object in their order, those of objects within
// under their path: "storage.s3.region". What is absent is left out.
func flat(object json.RawMessage) ([][]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	var fields [][]string
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("the answer is no JSON: %w", err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("the answer is no JSON: %w", err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("the answer is no JSON: %w", err)
		}
		below, err := field(fmt.Sprint(name), value)
		if err != nil {
			return nil, err
		}
		fields = append(fields, below...)
	}
	return fields, nil
}

func field(name string, value json.RawMessage) ([][]string, error) {
	text := string(value)
	switch {
	case text == "null" || text == `""` || text == "[]":
		return nil, nil
	case value[0] == '{' && text != "{}":
		fields, err := flat(value)
		for _, f := range fields {
			f[0] = name + "." + f[0]
		}
		return fields, err
	case value[0] == '[':
		var items []any
		err := json.Unmarshal(value, &items)
		return [][]string{{name, joined(items)}}, err
	case value[0] == '"':
		if err := json.Unmarshal(value, &text); err != nil {
			return nil, fmt.Errorf("the answer is no JSON: %w", err)
		}
	}
	return [][]string{{name, text}}, nil // numbers as they were written
}

func joined(items []any) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = fmt.Sprint(item)
	}
	return strings.Join(texts, ", ")
}
