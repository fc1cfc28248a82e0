package housetabletest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// versionsAsOf asks for each version of a history, newest first, whose newest
// is a drop: by its number, and by times within it.
func versionsAsOf(t *testing.T, b *bench, uuid housetable.UUID, history []housetable.TableVersion) {
	t.Helper()
	asOf := func(at time.Time) (housetable.TableVersion, error) {
		return housetable.VersionAsOf(t.Context(), b, house, uuid, at)
	}
	until := time.Now().Add(time.Hour)
	for i, want := range history {
		if got, err := housetable.VersionAt(t.Context(), b, house, uuid, want.Version); err != nil || !cmp.Equal(got, want) {
			t.Errorf("version %d: %+v, %v", want.Version, got, err)
		}
		for _, at := range []time.Time{want.CommittedAt, until.Add(-time.Microsecond)} {
			got, err := asOf(at)
			if i == 0 {
				wantKind(t, err, fault.NoSuchTable)
			} else if err != nil || !cmp.Equal(got, want) {
				t.Errorf("as of %v: %+v, %v; want version %d", at, got, err, want.Version)
			}
		}
		until = want.CommittedAt
	}
	_, err := asOf(until.Add(-time.Microsecond))
	wantKind(t, err, fault.NoSuchTable)
	_, err = housetable.VersionAsOf(t.Context(), b, house, housetable.UUID{1}, until)
	wantKind(t, err, fault.NoSuchTable)
	_, err = housetable.VersionAsOf(t.Context(), b, "nowhere", uuid, until)
	wantKind(t, err, fault.NoSuchWarehouse)
	for version, kind := range map[int64]fault.Kind{0: fault.Invalid, history[0].Version + 1: fault.NoSuchTable} {
		_, err = housetable.VersionAt(t.Context(), b, house, uuid, version)
		wantKind(t, err, kind)
	}
}
