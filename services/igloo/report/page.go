package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
)

// Operations is the name under which a Run is kept.
const Operations = "operations"

// Write renders all that a folder keeps: plots into the folder, and tables between
// the markers of the page. What is not kept leaves the page as it is there.
func Write(folder, page string) error {
	text, err := os.ReadFile(filepath.Clean(page))
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	parts, err := parts(folder)
	if err != nil {
		return err
	}
	filled, err := fill(string(text), parts)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return write(page, filled)
}

// parts are what can stand between markers, by their names.
func parts(folder string) (map[string]string, error) {
	all := map[string]string{}
	var run Run
	found, err := read(filepath.Join(folder, Operations+".json"), &run)
	if err != nil {
		return nil, err
	}
	if found {
		if err := run.parts(folder, all); err != nil {
			return nil, err
		}
	}
	for _, add := range []func(string, map[string]string) error{findings, golines} {
		if err := add(folder, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *Run) parts(folder string, all map[string]string) error {
	for name, found := range map[string][]benchtest.Finding{"reached": r.Reached(), "scaled": r.Scaled()} {
		var shown strings.Builder
		if err := benchtest.Show(&shown, found); err != nil {
			return err
		}
		all[name] = shown.String()
	}
	all["machine"], all[Operations] = r.Machine.String()+"\n", r.operations()
	all["memory"], all["start"], all["left-out"] = r.memoryTable(), r.startTable(), r.leftOutTable()
	var shown strings.Builder
	for _, plot := range r.plots() {
		file := plot.name + ".svg"
		if err := write(filepath.Join(folder, file), plot.draw()); err != nil {
			return err
		}
		fmt.Fprintf(&shown, "![%s](%s/%s)\n\n", plot.title, filepath.Base(folder), file)
	}
	all["plots"] = strings.TrimSuffix(shown.String(), "\n")
	return nil
}

// findings adds the tables of findings, but for the operations'.
func findings(folder string, all map[string]string) error {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return fmt.Errorf("list %s: %w", folder, err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		if name == Operations {
			continue
		}
		var kept benchtest.Kept
		if _, err := read(path, &kept); err != nil {
			return err
		}
		var out strings.Builder
		if err := benchtest.Show(&out, kept.Findings); err != nil {
			return err
		}
		all[name] = kept.Machine.String() + "\n\n" + out.String()
	}
	return nil
}

// golines adds the tables of what `go test -bench` printed.
func golines(folder string, all map[string]string) error {
	paths, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil {
		return fmt.Errorf("list %s: %w", folder, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(filepath.Clean(path))
		if err != nil {
			return err
		}
		if all[strings.TrimSuffix(filepath.Base(path), ".txt")], err = goBenchmarks(string(text)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// read reports whether the file is there.
func read(path string, into any) (bool, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return true, nil
}

func write(path, text string) error {
	if err := os.WriteFile(filepath.Clean(path), []byte(text), 0o644); err != nil { //nolint:gosec // for everybody to read
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// The markers of a page: what a part begins with, before and behind its name, and
// what it ends with.
const (
	opens  = "<!-- measured: "
	closes = " -->\n"
	ends   = "<!-- end -->"
)

// fill puts the parts between the markers of a page.
func fill(page string, parts map[string]string) (string, error) {
	var out strings.Builder
	for {
		before, rest, more := strings.Cut(page, opens)
		out.WriteString(before)
		if !more {
			return out.String(), nil
		}
		name, rest, named := strings.Cut(rest, closes)
		old, behind, ended := strings.Cut(rest, ends)
		if !named || !ended {
			return "", fmt.Errorf("the marker %q is not closed, or has no %q", opens+name, ends)
		}
		if now, kept := parts[name]; kept {
			old = "\n" + now + "\n"
		}
		out.WriteString(opens + name + closes + old + ends)
		page = behind
	}
}
