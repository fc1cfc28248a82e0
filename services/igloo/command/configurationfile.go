package command

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

// lineWidth is that of the comments in a file.
const lineWidth = 110

// writeExample writes a file with every setting of a program, each with its default
// and commented out: '#' alone stands before a setting, '# ' before a comment.
func writeExample(igloo *kong.Application, name string) (string, error) {
	programs, err := programsOf(igloo)
	if err != nil {
		return "", err
	}
	out := &strings.Builder{}
	fmt.Fprintf(out, "# Every setting of `%[1]s serve --config %[1]s.yaml`, with its default.\n", name)
	out.WriteString("# docs/configuration.md says more; `--print-config` shows what holds.\n")
	for _, c := range chapters {
		if err := writePart(out, c.title, of(programs, name)); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

func of(programs []program, name string) []settings.Setting {
	for _, p := range programs {
		if p.name == name {
			return p.settings
		}
	}
	return nil
}

// writePart writes the settings of one group. What names the file is not in it.
func writePart(out *strings.Builder, group string, all []settings.Setting) error {
	heading := "\n# " + group + "\n"
	for _, s := range all {
		if s.Group != group || s.Name == "config" {
			continue
		}
		value, err := valueOf(s)
		if err != nil {
			return err
		}
		out.WriteString(heading + "\n")
		heading = ""
		for _, line := range wrapped(s) {
			out.WriteString("# " + line + "\n")
		}
		out.WriteString("#" + strings.TrimRight(s.Name+": "+value, " ") + "\n")
	}
	return nil
}

// valueOf is the default as YAML has it; nothing where there is none.
func valueOf(s settings.Setting) (string, error) {
	if !s.Text || s.Default == "" {
		return s.Default, nil
	}
	text, err := yaml.Marshal(s.Default)
	value := strings.TrimSpace(string(text))
	if s.List {
		value = "[" + value + "]"
	}
	return value, err
}

// wrapped are the lines of what a file says of a setting.
func wrapped(s settings.Setting) []string {
	text := s.Help
	if s.Allowed != "" {
		text += " Allowed: " + s.Allowed + "."
	}
	if s.Needed {
		text += " Needed."
	}
	if s.Secret {
		text += " A secret: best given as " + s.Variables[0] + "."
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > lineWidth {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	return append(lines, line)
}
