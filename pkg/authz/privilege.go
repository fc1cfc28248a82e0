package authz

import (
	"iter"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Privilege is what somebody may do to an object.
type Privilege uint8

// The privileges. The zero Privilege is none.
const (
	// List is to enumerate what is in a container; shown is what one may describe.
	List Privilege = iota + 1
	// Describe is to load metadata, and to be shown it in lists.
	Describe
	// Select is to read data.
	Select
	// Write is to commit, and to write data.
	Write
	// Create is to make something in a container.
	Create
	// Drop is to drop, to purge, and to move away by a rename.
	Drop
	// ManageGrants is to give and revoke every privilege but Own.
	ManageGrants
	// Own is everything, and to give and revoke Own.
	Own
	// Member is to have what a role has.
	Member
)

// set is a set of privileges, a bit each.
type set uint16

func of(privileges ...Privilege) set {
	var s set
	for _, p := range privileges {
		s |= 1 << p
	}
	return s
}

func (s set) has(p Privilege) bool { return s&(1<<p) != 0 }

// each are the privileges in the set, in their order.
func (s set) each() iter.Seq[Privilege] {
	return func(yield func(Privilege) bool) {
		for p := List; p.sound(); p++ {
			if s.has(p) && !yield(p) {
				return
			}
		}
	}
}

// kinds is a set of kinds of objects, a bit each.
type kinds uint16

func kindsOf(all ...Kind) kinds {
	var k kinds
	for _, kind := range all {
		k |= 1 << kind
	}
	return k
}

func (k kinds) has(kind Kind) bool { return k&(1<<kind) != 0 }

var (
	containers = kindsOf(KindServer, KindWarehouse, KindNamespace)
	contents   = kindsOf(KindTable, KindView, KindFunction)
	everything = containers | contents | kindsOf(KindRole)
)

// privileges are what is to be known of each.
var privileges = [...]struct {
	name     string
	includes set
	// grantable is on what it can be given.
	grantable kinds
}{
	List:         {"list", of(List), containers},
	Describe:     {"describe", of(Describe, List), everything},
	Select:       {"select", of(Select, Describe, List), containers | contents},
	Write:        {"write", of(Write, Select, Describe, List), containers | contents},
	Create:       {"create", of(Create, List), containers},
	Drop:         {"drop", of(Drop, Describe, List), everything},
	ManageGrants: {"manage-grants", of(ManageGrants, Describe, List), everything},
	Own:          {"own", of(List, Describe, Select, Write, Create, Drop, ManageGrants, Own), everything},
	Member:       {"member", of(Member), kindsOf(KindRole)},
}

// Includes reports whether who has p has other as well. Each includes itself.
func (p Privilege) Includes(other Privilege) bool {
	return p.sound() && other.sound() && privileges[p].includes.has(other)
}

// Giver is the privilege that is needed on an object to give p on it, or to
// revoke it.
func (p Privilege) Giver() Privilege {
	if p == Own {
		return Own
	}
	return ManageGrants
}

func (p Privilege) sound() bool { return p >= List && int(p) < len(privileges) }

// String is its name: "manage-grants".
func (p Privilege) String() string {
	if !p.sound() {
		return "none"
	}
	return privileges[p].name
}

// on is the privilege as a verb in front of an object.
func (p Privilege) on(kind Kind) string {
	switch {
	case p == ManageGrants || p == Member:
		return p.String() + " of"
	case p == Create && containers.has(kind) && kind != KindServer:
		return "create in"
	case p == Create || (p == List && kind == KindServer):
		return p.String() + " on"
	default:
		return p.String()
	}
}

// CheckGrantable refuses, in the name of a field of a request, to give p on an
// object of a kind on which it would mean nothing.
func (p Privilege) CheckGrantable(field string, kind Kind) error {
	if p.sound() && privileges[p].grantable.has(kind) {
		return nil
	}
	return fault.Field(field, "is %q, allowed on a %s are %s", p, kind, strings.Join(grantableOn(kind), ", "))
}

func grantableOn(kind Kind) []string {
	var names []string
	for p := List; p.sound(); p++ {
		if privileges[p].grantable.has(kind) {
			names = append(names, p.String())
		}
	}
	return names
}

// ParsePrivilege reads a privilege's name in a field of a request.
func ParsePrivilege(field, name string) (Privilege, error) {
	var names []string
	for p := List; p.sound(); p++ {
		if p.String() == name {
			return p, nil
		}
		names = append(names, p.String())
	}
	return 0, fault.Field(field, "is %.100q, allowed are %s", name, strings.Join(names, ", "))
}

// Privileges are all there are.
func Privileges() []Privilege { return slices.Collect(set(1<<len(privileges) - 1).each()) }
