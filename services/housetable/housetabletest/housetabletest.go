// Package housetabletest is the suite that every store of house tables passes.
//
// It promises that a store which passes behaves as package housetable says:
// each kind of change, each reason for a conflict, replays, lists, jobs, and
// exactly one winner of every race.
package housetabletest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Run runs the suite; newStore makes an empty store of the subtest's own.
func Run(t *testing.T, newStore func(t *testing.T) housetable.Store) {
	t.Helper()
	for _, tests := range []map[string]func(*testing.T, *bench){accessTests(), markTests(), verdictTests()} {
		for name, test := range tests {
			run(t, name, test, newStore)
		}
	}
	for name, test := range map[string]func(*testing.T, *bench){
		"Lifecycle":               lifecycle,
		"ReadsTogether":           readsTogether,
		"Sites":                   sites,
		"Conflicts":               conflicts,
		"AllOrNothing":            allOrNothing,
		"Replay":                  replay,
		"Folding":                 folding,
		"Once":                    once,
		"OneEffectOfOnce":         onceRace,
		"OutcomeOnly":             outcomeOnly,
		"SoftDelete":              softDelete,
		"SoftDeletedLists":        softDeletedLists,
		"Purges":                  purges,
		"ImplicitNamespace":       implicitNamespace,
		"Namespaces":              namespaces,
		"CaseInsensitive":         caseInsensitive,
		"Contradictions":          contradictions,
		"History":                 history,
		"Events":                  events,
		"EventPositions":          eventPositions,
		"EventsUnderWriters":      eventsUnderWriters,
		"Consumers":               consumers,
		"EventRetention":          eventRetention,
		"HistoryRetention":        historyRetention,
		"Lists":                   lists,
		"Exports":                 exports,
		"ListsStableUnderWrites":  listsUnderWrites,
		"CountedPages":            countedPages,
		"NameMatches":             nameMatches,
		"Warehouses":              warehouses,
		"WarehouseStorage":        warehouseStorage,
		"Jobs":                    jobs,
		"JobQueries":              jobQueries,
		"JobRaces":                jobRaces,
		"JobStates":               jobStates,
		"OneClaimOfAJob":          claimRace,
		"Reaping":                 reaping,
		"QueuedJobs":              queuedJobs,
		"OneJobOfManyDeliveries":  queuedJobRace,
		"ClaimsByEngine":          claimsByEngine,
		"RetriedJobs":             retries,
		"Fences":                  fences,
		"FinishedJobs":            finishedJobs,
		"ExpiredTables":           expiredTables,
		"ForgottenOperations":     forgottenOperations,
		"ManySweep":               manySweep,
		"Toggles":                 toggles,
		"Reports":                 reports,
		"ForgottenReports":        forgottenReports,
		"Locations":               locations,
		"LocationsHeld":           heldWhile,
		"Moves":                   moves,
		"MetadataUUIDs":           metadataUUIDs,
		"HeldTogether":            heldTogether,
		"Folders":                 folders,
		"OverlappingLocations":    overlapRace,
		"OverlappingMoves":        moveRace,
		"LocationsBeside":         besideRace,
		"NestedLocations":         nestRace,
		"NestedInBatches":         nestBatches,
		"JobHolds":                jobHolds,
		"JobsMeetTables":          jobsMeetTables,
		"LapsedJobHolds":          lapsedJobHolds,
		"NeedlessJobs":            needlessJobs,
		"JobHoldsAgainstTables":   jobHoldRace,
		"OneWinnerOfSwaps":        swapRace,
		"OneWinnerOfCreates":      createRace,
		"OneWinnerOfDrops":        dropRace,
		"OneWinnerOfSoftDrops":    softDropRace,
		"OneWinnerOfRenames":      renameRace,
		"RenameAgainstSwap":       renameSwapRace,
		"DropAgainstSwap":         dropSwapRace,
		"RestoreAgainstCreate":    restoreCreateRace,
		"RenameAgainstCreate":     renameCreateRace,
		"OneWinnerOfExpectations": conditionalRace,
		"RenameChains":            renameChainRace,
		"NamespaceDropVsArrival":  namespaceArrivalRace,
		"RestoreAgainstPurge":     purgeRace,
		"NamespaceDropVsCreate":   namespaceRace,
		"OneWinnerOfNamespaces":   namespaceVersionRace,
		"NamespaceDropVsTable":    lastTableRace,
		"WarehouseDeleteVsCreate": warehouseRace,
		"WarehouseRootsRace":      warehouseRootsRace,
		"OneEffectOfDeliveries":   deliveryRace,
		"CrossingTransactions":    crossingRace,
		"BatchesOfSwaps":          batchRace,
		"PropertiesKeepEachOther": propertyRace,
		"Model":                   model,
	} {
		run(t, name, test, newStore)
	}
}

func run(t *testing.T, name string, test func(*testing.T, *bench), newStore func(t *testing.T) housetable.Store) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		test(t, &bench{Store: newStore(t)})
	})
}

// bench is a store with what tests do to it.
type bench struct {
	housetable.Store
	operations atomic.Int64
}

const house = housetable.DefaultWarehouse

func (b *bench) operation() housetable.Operation {
	n := b.operations.Add(1)
	sum := sha256.Sum256(fmt.Appendf(nil, "operation %d", n))
	return housetable.Operation{
		ID: housetable.UUID(sum[:16]), Fingerprint: sum[:], Kind: "test",
		Outcome: housetable.Outcome{Status: 200, MetadataLocations: []string{fmt.Sprint("/", n)}},
	}
}

func (b *bench) request(changes ...housetable.Change) housetable.Commit {
	return housetable.Commit{
		Warehouse: house, Operations: []housetable.Operation{b.operation()}, Changes: changes, Principal: "alice", RequestID: "r-1",
	}
}

func (b *bench) send(t testing.TB, c housetable.Commit) housetable.Verdict {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	verdicts, err := b.Commit(ctx, []housetable.Commit{c})
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
	return verdicts[0]
}

func (b *bench) do(t testing.TB, changes ...housetable.Change) housetable.Committed {
	t.Helper()
	verdict := b.send(t, b.request(changes...))
	committed, ok := verdict.(housetable.Committed)
	if !ok {
		t.Fatalf("not committed: %#v", verdict)
	}
	return committed
}

func (b *bench) refuse(t testing.TB, reason housetable.Reason, changes ...housetable.Change) housetable.ChangeConflict {
	t.Helper()
	verdict := b.send(t, b.request(changes...))
	conflict, ok := verdict.(housetable.Conflict)
	if !ok {
		t.Fatalf("want a conflict, got %#v", verdict)
	}
	if got := conflict.Changes[0].Reason; got != reason {
		t.Fatalf("reason %d, want %d", got, reason)
	}
	return conflict.Changes[0]
}

func (b *bench) table(t testing.TB, key housetable.TableKey) *housetable.Table {
	t.Helper()
	found, err := b.Tables(t.Context(), house, []housetable.TableKey{key})
	if err != nil {
		t.Fatalf("read table: %v", err)
	}
	return found[0]
}

// seed makes the namespace "db" and tables t0, t1, … in it.
func (b *bench) seed(t testing.TB, tables int) {
	t.Helper()
	b.do(t, housetable.CreateNamespace{DatabaseID: "db"})
	for i := range tables {
		b.do(t, create(fmt.Sprint("t", i)))
	}
}

func key(table string) housetable.TableKey {
	return housetable.TableKey{DatabaseID: "db", TableID: table}
}

func create(table string) housetable.CreateTable {
	return housetable.CreateTable{Key: key(table), Kind: housetable.KindTable, MetadataLocation: "/" + table + "/1", StorageType: "hdfs"}
}

func swap(table string, version int64, location string) housetable.SwapTable {
	return housetable.SwapTable{Key: key(table), Expect: housetable.Expectation{Version: &version}, MetadataLocation: location}
}

func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Fatalf("error %v, want kind %s", err, kind)
	}
}
