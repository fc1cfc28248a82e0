package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// The forms of an answer: for people, as one JSON document, and as a JSON document
// a line.
const (
	tableForm = "table"
	jsonForm  = "json"
	linesForm = "jsonl"
)

// printer shows answers.
type printer struct {
	to   io.Writer
	form string
	// screen is what people look at; nothing where they do not.
	screen screen
}

// forPeople reports whether what is shown is read by nobody else.
func (p printer) forPeople() bool { return p.form == tableForm }

// one shows a single thing: its fields, one on a line.
func (p printer) one(answer json.RawMessage) error {
	if !p.forPeople() {
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

// many shows a list as it comes, of which row makes a row each.
func (p printer) many(answers iter.Seq2[json.RawMessage, error], head []string, row func(json.RawMessage) ([]string, error)) error {
	switch p.form {
	case jsonForm:
		return p.array(answers)
	case linesForm:
		return p.documents(answers)
	}
	out := &columns{to: p.to, width: p.screen.width}
	if err := out.add(p.screen.heading, head); err != nil {
		return err
	}
	if err := fill(out, answers, row); err != nil {
		return errors.Join(out.flushRows(), err)
	}
	return out.flush()
}

func fill(out *columns, answers iter.Seq2[json.RawMessage, error], row func(json.RawMessage) ([]string, error)) error {
	for answer, err := range answers {
		if err != nil {
			return err
		}
		cells, err := row(answer)
		if err != nil {
			return err
		}
		if err := out.add(plain, cells); err != nil {
			return err
		}
	}
	return nil
}

// array writes a list as one JSON array, and holds none of it.
func (p printer) array(answers iter.Seq2[json.RawMessage, error]) error {
	before := "["
	for answer, err := range answers {
		if err != nil {
			return err
		}
		var out bytes.Buffer
		out.WriteString(before + "\n  ")
		if err := json.Indent(&out, answer, "  ", "  "); err != nil {
			return fmt.Errorf("the answer is no JSON: %w", err)
		}
		if _, err := p.to.Write(out.Bytes()); err != nil {
			return err
		}
		before = ","
	}
	end := "\n]\n"
	if before == "[" {
		end = "[]\n"
	}
	_, err := io.WriteString(p.to, end)
	return err
}

// documents writes a list as JSON, an item a line.
func (p printer) documents(answers iter.Seq2[json.RawMessage, error]) error {
	for answer, err := range answers {
		if err != nil {
			return err
		}
		if err := p.raw(answer); err != nil {
			return err
		}
	}
	return nil
}

// done tells people of what left nothing to show; programs get the same as JSON.
func (p printer) done(of map[string]any, format string, args ...any) error {
	if !p.forPeople() {
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
	form := json.Compact
	if p.form != linesForm {
		form = func(to *bytes.Buffer, from []byte) error { return json.Indent(to, from, "", "  ") }
	}
	if err := form(&out, answer); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	out.WriteByte('\n')
	_, err := p.to.Write(out.Bytes())
	return err
}

// rows shows a table; without a head it has none.
func (p printer) rows(head []string, rows [][]string) error {
	out := &columns{to: p.to, width: p.screen.width}
	if head != nil {
		if err := out.add(p.screen.heading, head); err != nil {
			return err
		}
	}
	for _, row := range rows {
		if err := out.add(plain, row); err != nil {
			return err
		}
	}
	return out.flush()
}

func (p printer) lines(lines []string) error {
	for _, line := range lines {
		if _, err := fmt.Fprintln(p.to, printable(line)); err != nil {
			return err
		}
	}
	return nil
}
