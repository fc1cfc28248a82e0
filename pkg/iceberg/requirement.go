package iceberg

import (
	"fmt"
	"strconv"
	"strings"
)

// Requirements are what must hold of a table for a commit to apply.
type Requirements []requirement

// requirement is one of them.
type requirement struct {
	kind string
	// check gives what was expected and what was found where it does not hold.
	check func(base *TableMetadata) error
}

// DecodeRequirements reads a JSON array of table requirements. An unknown type,
// like anything malformed, is KindInvalid and named by its place in the array.
func DecodeRequirements(raw []byte) (Requirements, error) {
	elements, err := parseArray("requirements", raw)
	if err != nil {
		return nil, err
	}
	requirements := make(Requirements, len(elements))
	for i, element := range elements {
		if requirements[i], err = decodeRequirement(indexed("requirements", i), element); err != nil {
			return nil, err
		}
	}
	return requirements, nil
}

func decodeRequirement(at string, raw []byte) (requirement, error) {
	r := read(at, raw)
	kind := strings.ToLower(r.text("type"))
	if r.err != nil {
		return requirement{}, r.err
	}
	check := decodeCheck(kind, r)
	if check == nil {
		return requirement{}, invalid(at+".type", "found %q, which is not a table requirement", kind)
	}
	return requirement{kind, check}, r.err
}

// decodeCheck has a case for each requirement of the protocol.
// Source: REST specification, TableRequirement.
func decodeCheck(kind string, r *reader) func(*TableMetadata) error {
	switch kind {
	case "assert-create":
		return assertCreate
	case "assert-table-uuid":
		return assertUUID(r.text("uuid"))
	case "assert-ref-snapshot-id":
		name := r.text("ref")
		id, exists := r.optionalLong("snapshot-id")
		return assertRef(name, id, exists)
	case "assert-last-assigned-field-id":
		return assertNumber(kind, "last assigned field id", r.int("last-assigned-field-id"), func(h head) int { return h.lastColumn })
	case "assert-current-schema-id":
		return assertNumber(kind, "current schema", r.int("current-schema-id"), func(h head) int { return h.schema })
	case "assert-last-assigned-partition-id":
		return assertNumber(kind, "last assigned partition id", r.int("last-assigned-partition-id"), func(h head) int { return h.lastPartition })
	case "assert-default-spec-id":
		return assertNumber(kind, "default partition spec", r.int("default-spec-id"), func(h head) int { return h.spec })
	case "assert-default-sort-order-id":
		return assertNumber(kind, "default sort order", r.int("default-sort-order-id"), func(h head) int { return h.order })
	}
	return nil
}

// AssertsCreate tells whether the commit creates the table.
func (r Requirements) AssertsCreate() bool {
	for _, one := range r {
		if one.kind == "assert-create" {
			return true
		}
	}
	return false
}

// Len of the requirements.
func (r Requirements) Len() int { return len(r) }

// Check fails with KindConflict, naming the requirement, what it expected and
// what was found, when one does not hold of base; a nil base is a table that
// does not exist, of which only assert-create holds.
func (r Requirements) Check(base *TableMetadata) error {
	for _, one := range r {
		if base == nil && one.kind != "assert-create" {
			return failed(one.kind, "table does not exist", "a table", "none")
		}
		if err := one.check(base); err != nil {
			return err
		}
	}
	return nil
}

// failed says it as Java does, for clients that show nothing else.
func failed(kind, what, expected, found string) error {
	return &Error{
		Kind: KindConflict, Message: "Requirement failed: " + what,
		Requirement: kind, Expected: expected, Found: found,
	}
}

func assertCreate(base *TableMetadata) error {
	if base == nil {
		return nil
	}
	return failed("assert-create", "table already exists", "no table", base.UUID())
}

func assertUUID(uuid string) func(*TableMetadata) error {
	return func(base *TableMetadata) error {
		if strings.EqualFold(uuid, base.head.uuid) {
			return nil
		}
		return failed("assert-table-uuid", fmt.Sprintf("UUID does not match: expected %s != %s", base.head.uuid, uuid), uuid, base.head.uuid)
	}
}

func assertRef(name string, id int64, exists bool) func(*TableMetadata) error {
	return func(base *TableMetadata) error {
		const kind = "assert-ref-snapshot-id"
		ref, found := base.Ref(name)
		switch {
		case found && !exists:
			return failed(kind, fmt.Sprintf("%s %s was created concurrently", ref.Type, name), "none", strconv.FormatInt(ref.SnapshotID, 10))
		case found && ref.SnapshotID != id:
			return failed(kind, fmt.Sprintf("%s %s has changed: expected id %d != %d", ref.Type, name, id, ref.SnapshotID),
				strconv.FormatInt(id, 10), strconv.FormatInt(ref.SnapshotID, 10))
		case !found && exists:
			return failed(kind, fmt.Sprintf("branch or tag %s is missing, expected %d", name, id), strconv.FormatInt(id, 10), "none")
		}
		return nil
	}
}

func assertNumber(kind, what string, expected int, of func(head) int) func(*TableMetadata) error {
	return func(base *TableMetadata) error {
		found := of(base.head)
		if found == expected {
			return nil
		}
		return failed(kind, fmt.Sprintf("%s changed: expected id %d != %d", what, expected, found), strconv.Itoa(expected), strconv.Itoa(found))
	}
}
