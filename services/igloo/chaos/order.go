package chaos

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// orderTimeout bounds the search for an order, for each table.
const orderTimeout = 60 * time.Second

// checkOrder: some order of the requests, each at a moment between its call and
// its return, explains every answer.
func checkOrder(history []Request, observed Observed) []Violation {
	spaces := []Space{TableNames, Views, Namespaces}
	found := make([]Violation, 0, len(observed.Tables)+len(spaces))
	for _, name := range slices.Sorted(maps.Keys(observed.Tables)) {
		operations := onTable(name, history, observed)
		found = append(found, explain("table "+name, tableModel(), operations)...)
	}
	for _, space := range spaces {
		found = append(found, explain(string(space), nameModel(), onNames(space, history))...)
	}
	return found
}

func explain(what string, model porcupine.Model, operations []porcupine.Operation) []Violation {
	detail := fmt.Sprintf("%s, %d requests", what, len(operations))
	switch porcupine.CheckOperationsTimeout(model, operations, orderTimeout) {
	case porcupine.Illegal:
		return []Violation{{NotLinearizable, detail + stuck(model, operations)}}
	case porcupine.Unknown:
		return []Violation{{Undecided, fmt.Sprintf("%s, after %s", detail, orderTimeout)}}
	default:
		return nil
	}
}

// stuck shows where the longest order ends that explains a part: the last that it has, what
// is there after them, and the first to return of those that do not fit.
func stuck(model porcupine.Model, operations []porcupine.Operation) string {
	const shown = 4
	_, info := porcupine.CheckOperationsVerbose(model, operations, orderTimeout)
	var longest []porcupine.Operation
	for _, order := range slices.Concat(info.PartialLinearizationsOperations()...) {
		if len(order) > len(longest) {
			longest = order
		}
	}
	state, placed := model.Init(), map[int]bool{}
	for _, o := range longest {
		_, state = model.Step(state, o.Input, o.Output)
		placed[o.ClientId] = true
	}
	left := slices.DeleteFunc(slices.Clone(operations), func(o porcupine.Operation) bool { return placed[o.ClientId] })
	slices.SortFunc(left, func(a, b porcupine.Operation) int { return cmp.Compare(a.Return, b.Return) })
	var said strings.Builder
	fmt.Fprintf(&said, "; %d have an order, the last of it:", len(longest))
	for _, o := range longest[max(0, len(longest)-shown):] {
		said.WriteString(told(o))
	}
	fmt.Fprintf(&said, "\nafter which there is %+v, and these do not fit:", state)
	for _, o := range left[:min(shown, len(left))] {
		said.WriteString(told(o))
	}
	return said.String()
}

// told is an operation on a line.
func told(o porcupine.Operation) string {
	input := o.Input
	if e, is := input.(*Effect); is && e != nil {
		input = *e
	}
	return fmt.Sprintf("\n  request %d, %s to %s: %+v, %+v", o.ClientId, time.Duration(o.Call), time.Duration(o.Return), input, o.Output)
}

// onTable are the loads of a table and the commits that it shows. Whether a
// commit without an answer was applied is known by now: only when is open.
func onTable(name string, history []Request, observed Observed) []porcupine.Operation {
	var operations []porcupine.Operation
	for _, r := range history {
		if r.Kind == Load && r.From == name && r.acknowledged() {
			operations = append(operations, operation(r, (*Effect)(nil), r.Seen))
		}
		for _, e := range r.Effects {
			if e.Table == name && observed.Tables[name].holds(e) {
				operations = append(operations, operation(r, &e, State{}))
			}
		}
	}
	return operations
}

func operation(r Request, input, output any) porcupine.Operation {
	return porcupine.Operation{ClientId: r.ID, Input: input, Call: r.Called, Output: output, Return: r.Returned}
}

// tableModel is a table: an append is to the head that it names, a value is set
// whatever is there, and a load sees what is.
func tableModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return State{} },
		Step: func(state, input, output any) (bool, any) {
			s, e := state.(State), input.(*Effect) //nolint:forcetypeassert // onTable makes them
			switch {
			case e == nil:
				return s == output.(State), s //nolint:forcetypeassert // onTable makes them
			case e.Value != "":
				return true, State{Main: s.Main, Value: e.Value}
			default:
				return s.Main == e.Parent, State{Main: e.Snapshot, Value: s.Value}
			}
		},
	}
}

func onNames(space Space, history []Request) []porcupine.Operation {
	var operations []porcupine.Operation
	for _, r := range history {
		if r.Space == space {
			operations = append(operations, operation(r, r, r.status()))
		}
	}
	return operations
}

// names are those that are taken with their values: ",name=value" in the order
// of names, and a comma.
type names string

func (n names) has(name string) bool { return strings.Contains(string(n), ","+name+"=") }

func (n names) value(name string) string {
	_, after, _ := strings.Cut(string(n), ","+name+"=")
	value, _, _ := strings.Cut(after, ",")
	return value
}

func (n names) with(name, value string) names {
	all := append(strings.FieldsFunc(string(n), func(r rune) bool { return r == ',' }), name+"="+value)
	slices.Sort(all)
	return names("," + strings.Join(all, ",") + ",")
}

func (n names) without(name string) names {
	return names(strings.Replace(string(n), ","+name+"="+n.value(name)+",", ",", 1))
}

// nameModel is the set of names that are taken. A request without an answer may
// or may not have been applied.
func nameModel() porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{names(",")} },
		Step: func(state, input, output any) []any {
			n, r := state.(names), input.(Request) //nolint:forcetypeassert // onNames makes them
			switch status := output.(int); {       //nolint:forcetypeassert // onNames makes them
			case status == 0:
				return append([]any{n}, applied(n, r)...)
			case status >= 400:
				return refused(n, r, status)
			default:
				return applied(n, r)
			}
		},
	}
	return model.ToModel()
}

// applied is what a request makes of the names; nothing when it could not be applied.
func applied(n names, r Request) []any {
	if n.has(r.From) == (r.Kind == Create) {
		return nil
	}
	switch r.Kind {
	case Create:
		return []any{n.with(r.From, r.Value)}
	case Drop:
		return []any{n.without(r.From)}
	case Replace:
		return []any{n.without(r.From).with(r.From, r.Value)}
	case Rename:
		if !n.has(r.To) {
			return []any{n.without(r.From).with(r.To, n.value(r.From))}
		}
	case Look:
		if n.value(r.From) == r.Value {
			return []any{n}
		}
	case Exists:
		return []any{n}
	default:
	}
	return nil
}

// refused are the names as they are, if they are a reason to refuse. Races that
// a request lost too often are one that no state shows.
func refused(n names, r Request, status int) []any {
	const notFound, conflict = 404, 409
	switch {
	case status == notFound && n.has(r.From), status == conflict && r.Kind == Create && !n.has(r.From):
		return nil
	}
	return []any{n}
}
