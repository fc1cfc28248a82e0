package command

import (
	"cmp"
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// manyNames is how many names are shown to somebody who types.
const manyNames = 200

// harmless are names that no shell takes for something else: others are left to
// whoever types.
var harmless = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.%-]*$`)

// asked are names that the server has, of which typed is the beginning. One who
// cannot ask is told nothing.
func (l *line) asked(ctx context.Context, kind, typed string, env *settings.Env) []string {
	igloo, err := l.session(env).client()
	if err != nil {
		return nil
	}
	var names []string
	add := func(name string) bool {
		if harmless.MatchString(name) {
			names = append(names, name)
		}
		return len(names) < manyNames
	}
	in := warehouseFlag{Warehouse: name(cmp.Or(l.values["warehouse"], variable(env, "IGLOO_WAREHOUSE"), "default"))}
	switch kind {
	case "warehouse":
		igloo.warehouseNames(ctx, add)
	case "namespace":
		igloo.namespaceNames(ctx, in, typed, "", add)
	default:
		igloo.namespaceNames(ctx, in, typed, ".", add)
		igloo.tableNames(ctx, in, kind, typed, add)
	}
	return names
}

// session is where to ask, and as whom: as flags say that are typed already, or
// variables.
func (l *line) session(env *settings.Env) Session {
	value := func(flag, variableName string) string { return cmp.Or(l.values[flag], variable(env, variableName)) }
	s := Session{
		Server: cmp.Or(value("server", "IGLOO_SERVER"), "http://127.0.0.1:8181"), Catalog: value("catalog", "IGLOO_CATALOG"),
		TokenFile: value("token-file", "IGLOO_TOKEN_FILE"), CredentialFile: value("credential-file", "IGLOO_CREDENTIAL_FILE"),
		Timeout: completionTime - completionTime/4,
	}
	s.TLS.CAFile = value("server-tls-ca-file", "IGLOO_SERVER_TLS_CA_FILE")
	return s
}

func variable(env *settings.Env, name string) string {
	value, _ := env.LookupEnv(name)
	return value
}

func (c *client) warehouseNames(ctx context.Context, add func(string) bool) {
	for answer, err := range c.each(ctx, "warehouses", call{path: []string{"warehouses"}}) {
		w := &htsv1.Warehouse{}
		if err != nil || decode("warehouse", answer, w) != nil || !add(w.GetName()) {
			return
		}
	}
}

// above is the namespace of what somebody types.
func above(typed string) namespaceName {
	at := strings.LastIndexByte(typed, '.')
	return namespaceName(typed[:max(at, 0)])
}

func (c *client) namespaceNames(ctx context.Context, in warehouseFlag, typed, end string, add func(string) bool) {
	for answer, err := range c.namespaces(ctx, in, above(typed), false) {
		n := &htsv1.Namespace{}
		if err != nil || decode("namespace", answer, n) != nil || !add(n.GetDatabaseId()+end) {
			return
		}
	}
}

func (c *client) tableNames(ctx context.Context, in warehouseFlag, kind, typed string, add func(string) bool) {
	if above(typed) == "" {
		return
	}
	l := &listing{warehouseFlag: in}
	l.in(ctx, c, above(typed), kind, func(answer json.RawMessage, err error) bool {
		var of listed
		return err == nil && json.Unmarshal(answer, &of) == nil && add(of.ID)
	})
}
