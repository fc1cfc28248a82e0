package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
)

// printer shows answers.
type printer struct {
	to   io.Writer
	json bool
}

// one shows a single thing: its fields, one on a line.
func (p printer) one(answer json.RawMessage) error {
	if p.json {
		return p.raw(answer)
	}
	fields, err := flat(answer)
	if err != nil {
		return err
	}
	return p.rows(nil, fields)
}

// part shows the one thing that an answer holds as a field.
func (p printer) part(field string, answer json.RawMessage, err error) error {
	if err != nil {
		return err
	}
	fields, err := fieldsOf(answer)
	if err != nil {
		return err
	}
	return p.one(fields[field])
}

// many shows a list, of which row makes a row each.
func (p printer) many(answers []json.RawMessage, head []string, row func(json.RawMessage) ([]string, error)) error {
	if p.json {
		list, err := json.Marshal(append([]json.RawMessage{}, answers...))
		if err != nil {
			return err
		}
		return p.raw(list)
	}
	rows := make([][]string, len(answers))
	for i, answer := range answers {
		var err error
		if rows[i], err = row(answer); err != nil {
			return err
		}
	}
	return p.rows(head, rows)
}

// done tells people of what left nothing to show; programs get the same as JSON.
func (p printer) done(of map[string]any, format string, args ...any) error {
	if p.json {
		text, err := json.Marshal(of)
		if err != nil {
			return err
		}
		return p.raw(text)
	}
	_, err := fmt.Fprintln(p.to, printable(fmt.Sprintf(format, args...)))
	return err
}

func (p printer) raw(answer json.RawMessage) error {
	var out bytes.Buffer
	if err := json.Indent(&out, answer, "", "  "); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	out.WriteByte('\n')
	_, err := p.to.Write(out.Bytes())
	return err
}

func (p printer) rows(head []string, rows [][]string) error {
	w := tabwriter.NewWriter(p.to, 0, 0, 2, ' ', 0)
	if head != nil {
		rows = append([][]string{head}, rows...)
	}
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
		}
		if _, err := fmt.Fprintln(w, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (p printer) lines(lines []string) error {
	for _, line := range lines {
		if _, err := fmt.Fprintln(p.to, printable(line)); err != nil {
			return err
		}
	}
	return nil
}

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
