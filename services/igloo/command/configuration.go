package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/igloo-catalog/igloo/pkg/settings"
	"github.com/igloo-catalog/igloo/pkg/tracing"
	catalog "github.com/igloo-catalog/igloo/services/catalog/server"
	housetable "github.com/igloo-catalog/igloo/services/housetable/server"
)

// program is what one of the programs can be told.
type program struct {
	name     string
	settings []settings.Setting
}

// programsOf are all three: the settings of logs are those of every program, those of
// serve each program's own. What only other commands have comes last.
func programsOf(igloo *kong.Application) ([]program, error) {
	shared, serve, others := settings.Describe(igloo.Flags), []settings.Setting(nil), []settings.Setting(nil)
	for _, node := range igloo.Leaves(true) {
		if node.Path() == "serve" {
			serve = settings.Describe(node.Flags)
		} else {
			others = append(others, settings.Describe(node.Flags)...)
		}
	}
	for n := range others {
		others[n].Group = asking
	}
	catalogs, err := flagsOf(&struct {
		catalog.Config `embed:""`
		Tracing        tracing.Settings `embed:"" group:"Traces"`
	}{})
	if err != nil {
		return nil, err
	}
	housetables, err := flagsOf(&struct {
		housetable.Config `embed:""`
		Tracing           tracing.Settings `embed:"" group:"Traces"`
	}{})
	if err != nil {
		return nil, err
	}
	return []program{
		{"igloo", slices.Concat(shared, serve)},
		{"catalog", slices.Concat(shared, settings.Describe(catalogs))},
		{"housetable", slices.Concat(shared, settings.Describe(housetables))},
		{commandLine, others},
	}, nil
}

// commandLine is what igloo is called when it asks another process, and asking the
// heading of what it is then told.
const (
	commandLine = "igloo's other commands"
	asking      = "The command line"
)

func flagsOf(command any) ([]*kong.Flag, error) {
	parser, err := kong.New(command, kong.NoDefaultHelp())
	if err != nil {
		return nil, fmt.Errorf("build the command line: %w", err)
	}
	return parser.Model.Flags, nil
}

// chapter is a group of settings, and what is said of all of them.
type chapter struct{ title, about string }

// chapters are in the order of the page.
var chapters = []chapter{
	{"Settings and logs", "The file itself, and what is told on the standard error: [telemetry](telemetry.md#logs)."},
	{"Where it serves", "An address is `HOST:PORT`. One that other machines reach needs an answer to [who is let in](#who-is-let-in)."},
	{"State", "What outlives a process: [the database](database.md), [Redis](redis.md)."},
	{"Tables", "Where tables lie, and what they may be called."},
	{"Commits", "How commits queue, and how long is waited for them: [reliability](reliability.md). `commit-timeout` < `commit-deadline` < `write-timeout`."},
	{"Scan plans", "Plans of scans that the catalog makes for engines."},
	{"Between the services", "How the catalog and the house table service find and believe each other: [security](security.md#tls)."},
	{"Who is let in", "Without a word about it nobody is asked, and only addresses of this machine are listened on: [security](security.md)."},
	{"Who may do what", "[Security](security.md) tells of grants, roles and policies."},
	{"Audit log", "Who asked to change what, and what was refused: [security](security.md)."},
	{"TLS", "TLS of all that a program listens on: [security](security.md#tls)."},
	{"Limits", "How much may be asked: what is beyond is refused before any work is done for it. [Security](security.md) has them beside those that are fixed."},
	{"Storage", "The stores of warehouses that have none of their own: [storage](storage.md), and [keys for engines](credentials.md)."},
	{"Secrets of warehouses", "What the secrets of warehouses with stores of their own are sealed with: [storage](storage.md#secrets)."},
	{"Files that nothing needs", "How files are deleted in the background: [architecture](architecture.md)."},
	{"How long things are kept", "What is not in use any more goes after these times."},
	{"Reports of engines", "What becomes of the metrics that engines report of their scans and commits: [metrics](metrics.md)."},
	{"Traces", "Where traces go: [telemetry](telemetry.md#traces)."},
	{asking, "What commands that ask a running Igloo are told: [the command line](cli.md)."},
}

const configurationIntro = "# Settings\n\n" +
	"Every setting of the three programs. It has one name, as a key of a YAML file (`--config FILE`), as a flag, and as a\n" +
	"variable; flags win over variables, variables over the file, the file over the default. A key that no command of\n" +
	"the program has is refused, with what it may mean. `--print-config` shows what holds and where it came from,\n" +
	"without secrets; a secret is best given as a variable.\n\n" +
	"A **live** setting is taken while the program runs, when its file has changed and stood for a second, or at SIGHUP\n" +
	"at once; the log names the others that wait for a restart. A file that is wrong changes nothing. Variables and\n" +
	"flags are as they were at start, and still win. Files that settings name (certificates, tokens, policies) are read\n" +
	"again by themselves, where it says so.\n\n" +
	"A duration is a number with a unit: `500ms`, `30s`, `15m`, `168h`. Lists are lists in YAML, and parted by commas in\n" +
	"variables and flags; a key without a value is as if it were not there.\n\n" +
	"Complete files, with every setting and its default: [igloo.yaml](configuration/igloo.yaml),\n" +
	"[catalog.yaml](configuration/catalog.yaml), [housetable.yaml](configuration/housetable.yaml). Short ones to start\n" +
	"from: [deploy/settings](../deploy/settings). The Helm chart takes settings by the same names, under\n" +
	"`catalog.settings` and `housetable.settings`.\n"

// writeConfiguration writes the reference of all settings, as markdown.
func writeConfiguration(igloo *kong.Application) (string, error) {
	programs, err := programsOf(igloo)
	if err != nil {
		return "", err
	}
	out, told := &strings.Builder{}, 0
	out.WriteString(configurationIntro)
	entries := entriesOf(programs)
	for _, c := range chapters {
		fmt.Fprintf(out, "\n## %s\n\n%s\n", c.title, c.about)
		for _, e := range entries {
			if e.group == c.title {
				e.write(out)
				told++
			}
		}
	}
	if told != len(entries) {
		return "", fmt.Errorf("%d settings stand under no heading of the page", len(entries)-told)
	}
	return out.String(), nil
}

// entry is a setting with the programs that have it.
type entry struct {
	group, name string
	of          []settings.Setting
	programs    []string
}

// entriesOf are all settings, each once, in the order of the programs.
func entriesOf(programs []program) []*entry {
	var all []*entry
	byName := map[string]*entry{}
	for _, p := range programs {
		for _, s := range p.settings {
			e := byName[s.Name]
			switch {
			case e == nil:
				e = &entry{group: s.Group, name: s.Name}
				byName[s.Name] = e
				all = append(all, e)
			case slices.Contains(e.programs, p.name) || p.name == commandLine:
				continue // said already
			}
			e.of, e.programs = append(e.of, s), append(e.programs, p.name)
		}
	}
	return all
}

func (e *entry) write(out *strings.Builder) {
	s := e.of[0]
	fmt.Fprintf(out, "\n### `%s`\n\n%s\n\n", e.name, e.facts())
	if slices.ContainsFunc(e.of, func(other settings.Setting) bool { return other.Help != s.Help }) {
		for n, other := range e.of {
			fmt.Fprintf(out, "- **%s**: %s\n", e.programs[n], other.Help)
		}
		return
	}
	out.WriteString(s.Help + "\n")
}

// facts are what can be said of a setting in a line.
func (e *entry) facts() string {
	s := e.of[0]
	facts := []string{"`--" + s.Name + "`"}
	for _, name := range s.Variables {
		facts = append(facts, "`"+name+"`")
	}
	takes := strings.ReplaceAll(s.Kind, "|", `\|`)
	if s.Unit != "" {
		takes += " of " + s.Unit
	}
	if s.Allowed != "" {
		takes += ", " + s.Allowed
	}
	facts = append(facts, takes, defaultFact(s), strings.Join(e.programs, ", "))
	if s.Live {
		facts = append(facts, "**live**")
	}
	if s.Secret {
		facts = append(facts, "**secret**")
	}
	return strings.Join(facts, " · ")
}

func defaultFact(s settings.Setting) string {
	switch {
	case s.Needed:
		return "needed"
	case s.Default == "":
		return "no default"
	default:
		return "default `" + s.Default + "`"
	}
}
