package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/services/igloo/chaos"
)

const (
	viewPath      = "/v1/namespaces/views/views"
	namespacePath = "/v1/namespaces"
)

// view is any request about a view.
func (w *worker) view(ctx context.Context) {
	from, to := twoNames()
	request := chaos.Request{Space: chaos.Views, From: from, Value: uuid.NewString()}
	var sent wire
	switch rand.IntN(6) {
	case 0:
		request.Kind = chaos.Create
		sent = wire{method: http.MethodPost, path: viewPath, body: fmt.Sprintf(
			`{"name":%q,"schema":%s,"properties":{"version.history.num-entries":"1000000"},"view-version":%s}`, from, schema, version(request.Value, 1))}
	case 1, 2:
		request.Kind = chaos.Replace
		sent = wire{method: http.MethodPost, path: viewPath + "/" + from, body: fmt.Sprintf(
			`{"updates":[{"action":"add-view-version","view-version":%s},{"action":"set-current-view-version","view-version-id":-1}]}`, version(request.Value, 2))}
	case 3:
		request.Kind = chaos.Drop
		sent = wire{method: http.MethodDelete, path: viewPath + "/" + from}
	case 4:
		request.Kind, request.To = chaos.Rename, to
		sent = wire{method: http.MethodPost, path: "/v1/views/rename", body: fmt.Sprintf(
			`{"source":{"namespace":["views"],"name":%q},"destination":{"namespace":["views"],"name":%q}}`, from, to)}
	default:
		w.look(ctx, chaos.Views, from)
		return
	}
	w.ask(ctx, request, sent)
}

// version is a view's version whose query is the value.
func version(value string, id int) string {
	return fmt.Sprintf(`{"version-id":%d,"timestamp-ms":4102444800000,"schema-id":0,"summary":{"engine-name":"chaos"},`+
		`"representations":[{"type":"sql","sql":%q,"dialect":"chaos"}],"default-namespace":["views"]}`, id, value)
}

// namespace is any request about a namespace.
func (w *worker) namespace(ctx context.Context) {
	name, _ := twoNames()
	request := chaos.Request{Space: chaos.Namespaces, From: name, Value: uuid.NewString()}
	properties := fmt.Sprintf(`{"n":%q}`, request.Value)
	var sent wire
	switch rand.IntN(5) {
	case 0, 1:
		request.Kind = chaos.Create
		sent = wire{method: http.MethodPost, path: namespacePath, body: fmt.Sprintf(`{"namespace":[%q],"properties":%s}`, name, properties)}
	case 2:
		request.Kind = chaos.Replace
		sent = wire{method: http.MethodPost, path: namespacePath + "/" + name + "/properties", body: `{"updates":` + properties + `}`}
	case 3:
		request.Kind = chaos.Drop
		sent = wire{method: http.MethodDelete, path: namespacePath + "/" + name}
	default:
		w.look(ctx, chaos.Namespaces, name)
		return
	}
	w.ask(ctx, request, sent)
}

func twoNames() (one, other string) {
	i := rand.IntN(len(names))
	return names[i], names[(i+1+rand.IntN(len(names)-1))%len(names)]
}

// ask sends a mutation and notes what became of it.
func (w *worker) ask(ctx context.Context, request chaos.Request, sent wire) {
	r := w.record.open(request, true)
	w.client.do(ctx, &r, sent)
	w.record.close(r, sent)
}

// thing is a view or a namespace as it is loaded.
type thing struct {
	Location string `json:"metadata-location"`
	Metadata struct {
		Current  int `json:"current-version-id"`
		Versions []struct {
			ID              int                    `json:"version-id"`
			Representations []struct{ SQL string } `json:"representations"`
		} `json:"versions"`
		Log []struct {
			ID int `json:"version-id"`
		} `json:"version-log"`
	} `json:"metadata"`
	Properties map[string]string `json:"properties"`
}

// value is what the thing is set to: a view's query, a namespace's property.
func (t thing) value() string {
	if t.Location == "" {
		return t.Properties["n"]
	}
	return t.query(t.Metadata.Current)
}

func (t thing) query(id int) string {
	for _, v := range t.Metadata.Versions {
		if v.ID == id {
			return v.Representations[0].SQL
		}
	}
	return ""
}

// history is every query that a view had, in the order of its log.
func (t thing) history() []string {
	all := make([]string, len(t.Metadata.Log))
	for i, entry := range t.Metadata.Log {
		all[i] = t.query(entry.ID)
	}
	return all
}

// look reads the value under a name.
func (w *worker) look(ctx context.Context, space chaos.Space, name string) (found thing) {
	r := w.record.open(chaos.Request{Space: space, Kind: chaos.Look, From: name}, false)
	sent := wire{method: http.MethodGet, path: namespacePath + "/" + name}
	if space == chaos.Views {
		sent.path = viewPath + "/" + name
	}
	a := w.client.do(ctx, &r, sent)
	if a.status == http.StatusOK && json.Unmarshal(a.body, &found) == nil {
		r.Value = found.value()
	}
	w.record.close(r, sent)
	return found
}
