package conformance_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// testcase is one test in a report of JUnit's, which most runners can write.
type testcase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Failure *message `xml:"failure"`
	Error   *message `xml:"error"`
	Skipped *message `xml:"skipped"`
}

type message struct {
	Short string `xml:"message,attr"`
	Long  string `xml:",chardata"`
}

func (c testcase) outcome() outcome {
	o := outcome{test: c.Class + "." + strings.TrimSuffix(c.Name, "()")}
	switch {
	case c.Failure != nil:
		o.verdict, o.why = failed, c.Failure.Short+"\n"+c.Failure.Long
	case c.Error != nil:
		o.verdict, o.why = failed, c.Error.Short+"\n"+c.Error.Long
	case c.Skipped != nil:
		o.verdict, o.why = skipped, c.Skipped.Short
	}
	return o
}

// readJUnit reads every report in a folder.
func readJUnit(t *testing.T, folder string) []outcome {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []outcome
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found, err := parseJUnit(string(content))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		outcomes = append(outcomes, found...)
	}
	return outcomes
}

func parseJUnit(report string) ([]outcome, error) {
	var outcomes []outcome
	decoder := xml.NewDecoder(strings.NewReader(report))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return outcomes, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read report: %w", err)
		}
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "testcase" {
			continue
		}
		var c testcase
		if err := decoder.DecodeElement(&c, &element); err != nil {
			return nil, fmt.Errorf("read report: %w", err)
		}
		outcomes = append(outcomes, c.outcome())
	}
}

func TestReportsOfJUnitAreRead(t *testing.T) {
	found, err := parseJUnit(`<testsuites><testsuite>
		<testcase classname="a.B" name="good()"/>
		<testcase classname="a.B" name="bad()"><failure message="short">long</failure></testcase>
		<testcase classname="a.B" name="broken"><error message="no server"/></testcase>
		<testcase classname="a.B" name="off"><skipped message="not here"/></testcase>
	</testsuite></testsuites>`)
	if err != nil {
		t.Fatal(err)
	}
	wanted := []outcome{
		{"a.B.good", passed, ""},
		{"a.B.bad", failed, "short\nlong"},
		{"a.B.broken", failed, "no server\n"},
		{"a.B.off", skipped, "not here"},
	}
	if !slices.Equal(found, wanted) {
		t.Errorf("found %+v, want %+v", found, wanted)
	}
	if _, err := parseJUnit(`<testsuite><testcase name="cut`); err == nil {
		t.Error("half a report is read without an error")
	}
}
