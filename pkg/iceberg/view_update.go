package iceberg

import (
	"fmt"
	"strings"
)

// ViewUpdates are the changes of a commit to a view, in the order in which they
// apply.
type ViewUpdates []viewUpdate

type viewUpdate struct {
	action   string
	location string
	apply    func(d *viewDraft) error
}

// DecodeViewUpdates reads a JSON array of view updates. An unknown action, like
// anything malformed, is KindInvalid and named by its place in the array.
func DecodeViewUpdates(raw []byte) (ViewUpdates, error) {
	elements, err := parseArray("updates", raw)
	if err != nil {
		return nil, err
	}
	updates := make(ViewUpdates, len(elements))
	for i, element := range elements {
		if updates[i], err = decodeViewUpdate(indexed("updates", i), element); err != nil {
			return nil, err
		}
	}
	return updates, nil
}

func decodeViewUpdate(at string, raw []byte) (viewUpdate, error) {
	r := read("", raw)
	action := strings.ToLower(r.text("action"))
	if r.err != nil {
		return viewUpdate{}, within(at, r.err)
	}
	u := viewUpdateOf(action, r)
	if u.apply == nil && r.err == nil {
		return u, invalid(at+".action", "found %q, which is not a view update", action)
	}
	u.action = action
	if r.err != nil {
		return u, within(fmt.Sprintf("%s (%s)", at, action), r.err)
	}
	return u, nil
}

// viewUpdateOf has a case for each action of the protocol.
// Source: REST specification, ViewUpdate.
func viewUpdateOf(action string, r *reader) viewUpdate {
	switch action {
	case "assign-uuid":
		return viewAssignUUID(r)
	case "upgrade-format-version":
		return viewUpgrade(r)
	case "add-schema":
		return viewAddSchema(r)
	case "set-location":
		return viewSetLocation(r)
	case "set-properties":
		return viewSetProperties(r)
	case "remove-properties":
		return viewRemoveProperties(r)
	case "add-view-version":
		return viewAddVersion(r)
	case "set-current-view-version":
		id := r.int("view-version-id")
		return viewUpdate{apply: func(d *viewDraft) error { return d.setCurrent(id) }}
	}
	return viewUpdate{}
}

func viewAssignUUID(r *reader) viewUpdate {
	uuid := r.text("uuid")
	if uuid == "" {
		r.fail("uuid", "must not be empty")
	}
	return viewUpdate{apply: func(d *viewDraft) error {
		if d.base != nil && !strings.EqualFold(d.next.uuid, uuid) {
			return invalid("uuid", "Cannot reassign uuid")
		}
		d.changed = d.changed || d.next.uuid != uuid
		d.next.uuid = uuid
		return nil
	}}
}

func viewUpgrade(r *reader) viewUpdate {
	version := r.int("format-version")
	return viewUpdate{apply: func(*viewDraft) error {
		if version != viewFormatVersion {
			return invalid("format-version", "found %d, %d is allowed", version, viewFormatVersion)
		}
		return nil
	}}
}

func viewAddSchema(r *reader) viewUpdate {
	raw := r.raw("schema")
	if r.err != nil {
		return viewUpdate{}
	}
	s, err := decodeSchema("schema", raw)
	r.note(err)
	return viewUpdate{apply: func(d *viewDraft) error {
		d.addSchema(s)
		return nil
	}}
}

func viewSetLocation(r *reader) viewUpdate {
	location := stripTrailingSlash(r.text("location"))
	if location == "" {
		r.fail("location", "must not be empty")
	}
	return viewUpdate{location: location, apply: func(d *viewDraft) error {
		d.changed = d.changed || d.next.location != location
		d.next.location = location
		return nil
	}}
}

func viewSetProperties(r *reader) viewUpdate {
	updates := r.textMap("updates")
	return viewUpdate{apply: func(d *viewDraft) error {
		if len(updates) > 0 {
			d.next.properties, d.changed = d.next.properties.merged(updates), true
		}
		return nil
	}}
}

func viewRemoveProperties(r *reader) viewUpdate {
	removals := r.texts("removals")
	return viewUpdate{apply: func(d *viewDraft) error {
		if len(removals) > 0 {
			d.next.properties, d.changed = d.next.properties.without(removals...), true
		}
		return nil
	}}
}

func viewAddVersion(r *reader) viewUpdate {
	raw := r.raw("view-version")
	if r.err != nil {
		return viewUpdate{}
	}
	v, err := decodeViewVersion("view-version", raw)
	r.note(err)
	return viewUpdate{apply: func(d *viewDraft) error { return d.addVersion(v) }}
}

// Apply makes the document that the updates make of base; a nil base is a view
// that does not exist yet. base itself comes back when they change nothing.
func (u ViewUpdates) Apply(base *ViewMetadata, at Application) (*ViewMetadata, error) {
	d := newViewDraft(base, at.Now)
	for i, one := range u {
		if err := one.apply(d); err != nil {
			return nil, within(fmt.Sprintf("updates[%d] (%s)", i, one.action), err)
		}
	}
	if base != nil && !d.changed {
		return base, nil
	}
	return d.build()
}

// SetLocations are the locations that the updates move the view to.
func (u ViewUpdates) SetLocations() []string {
	var locations []string
	for _, one := range u {
		if one.action == "set-location" {
			locations = append(locations, one.location)
		}
	}
	return locations
}

// ViewRequirements are what must hold of a view for a commit to apply.
type ViewRequirements []string

// DecodeViewRequirements reads a JSON array of view requirements; there is but
// one, assert-view-uuid.
func DecodeViewRequirements(raw []byte) (ViewRequirements, error) {
	elements, err := parseArray("requirements", raw)
	if err != nil {
		return nil, err
	}
	var uuids ViewRequirements
	for i, element := range elements {
		r := read(indexed("requirements", i), element)
		if kind := strings.ToLower(r.text("type")); r.err == nil && kind != "assert-view-uuid" {
			r.fail("type", "found %q, which is not a view requirement", kind)
		}
		uuids = append(uuids, r.text("uuid"))
		if r.err != nil {
			return nil, r.err
		}
	}
	return uuids, nil
}

// Check fails with KindConflict when a requirement does not hold of base.
func (u ViewRequirements) Check(base *ViewMetadata) error {
	for _, uuid := range u {
		if base == nil {
			return failed("assert-view-uuid", "view does not exist", uuid, "none")
		}
		if !strings.EqualFold(uuid, base.uuid) {
			return failed("assert-view-uuid", fmt.Sprintf("view UUID does not match: expected %s != %s", base.uuid, uuid), uuid, base.uuid)
		}
	}
	return nil
}
