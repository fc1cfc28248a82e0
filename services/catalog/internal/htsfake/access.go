package htsfake

import (
	"context"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// accessLog is what became of the grants of a warehouse, in order.
type accessLog []*htsv1.AccessEntry

// Grant implements the generated server.
func (f *Fake) Grant(_ context.Context, r *htsv1.GrantRequest) (*htsv1.GrantResponse, error) {
	return &htsv1.GrantResponse{}, f.change(r.GetGrants(), false)
}

// Revoke implements the generated server. Nobody decides by what was revoked for
// longer than their lag: it does not wait for them.
func (f *Fake) Revoke(_ context.Context, r *htsv1.RevokeRequest) (*htsv1.RevokeResponse, error) {
	return &htsv1.RevokeResponse{}, f.change(r.GetGrants(), true)
}

func (f *Fake) change(grants []*htsv1.Grant, revoked bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	entries := make([]*htsv1.AccessEntry, len(grants))
	for i, g := range grants {
		entry, err := f.entry(g.GetObject())
		if err != nil {
			return err
		}
		entry.Grantee, entry.Privilege, entry.Revoked = g.GetGrantee(), g.GetPrivilege(), revoked
		entries[i] = entry
	}
	for i, g := range grants {
		warehouse := ""
		if kind := g.GetObject().GetKind(); kind != "server" && kind != "role" {
			warehouse = g.GetObject().GetWarehouse()
		}
		f.access[warehouse] = append(f.access[warehouse], entries[i])
	}
	return nil
}

// entry is the object of a grant, by what tells it from others.
func (f *Fake) entry(o *htsv1.AccessObject) (*htsv1.AccessEntry, error) {
	entry := &htsv1.AccessEntry{Kind: o.GetKind(), Role: o.GetRole()}
	if o.GetKind() == "server" || o.GetKind() == "role" {
		return entry, nil
	}
	w, err := f.warehouse(o.GetWarehouse())
	if err != nil || o.GetKind() == "warehouse" {
		return entry, err
	}
	if o.GetKind() == "namespace" {
		entry.DatabaseId = o.GetDatabaseId()
		if w.namespaces[o.GetDatabaseId()] == nil {
			return nil, fault.New(fault.NoSuchNamespace, "no such namespace")
		}
		return entry, nil
	}
	e, exists := w.tables[tableKey{database: o.GetDatabaseId(), table: o.GetTableId(), function: o.GetKind() == "function"}]
	if !exists {
		return nil, fault.New(fault.NoSuchTable, "no such table")
	}
	entry.Uuid = e.table.GetUuid()
	return entry, nil
}

// FollowAccess implements the generated server. A position is how many entries
// were read.
func (f *Fake) FollowAccess(_ context.Context, r *htsv1.FollowAccessRequest) (*htsv1.FollowAccessResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.GetWarehouse() != "" {
		if _, err := f.warehouse(r.GetWarehouse()); err != nil {
			return nil, err
		}
	}
	log := f.access[r.GetWarehouse()]
	read, err := strconv.Atoi(r.GetPosition())
	answer := &htsv1.FollowAccessResponse{Restart: err != nil || read > len(log), Position: strconv.Itoa(len(log))}
	if answer.GetRestart() {
		read = 0
	}
	for _, entry := range log[read:] {
		answer.Entries = append(answer.Entries, proto.CloneOf(entry))
	}
	return answer, nil
}

// owned gives who creates a namespace what is theirs in it, and nothing that was
// given in an earlier one of its name.
func owned(log accessLog, id, owner string) accessLog {
	log = append(log, &htsv1.AccessEntry{Kind: "namespace", DatabaseId: id, Revoked: true})
	if owner == "" {
		return log
	}
	return append(log, &htsv1.AccessEntry{Kind: "namespace", DatabaseId: id, Grantee: "user:" + owner, Privilege: "own"})
}
