package server_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// dial serves s over a real wire.
func dial(t *testing.T, s *server.Server) *grpc.ClientConn {
	t.Helper()
	conn, err := grpcclient.Dial(listenTo(t, s, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

var lastOperation atomic.Uint64

func nextID() []byte {
	id := make([]byte, 16)
	binary.BigEndian.PutUint64(id, 1<<63|lastOperation.Add(1))
	return id
}

func commitAll(ctx context.Context, conn grpc.ClientConnInterface, changes ...*htsv1.Change) error {
	r, err := htsv1.NewCommitServiceClient(conn).Commit(ctx, &htsv1.CommitRequest{
		Operations: []*htsv1.Operation{{Id: nextID(), Outcome: &htsv1.Outcome{Status: 200}}}, Changes: changes, Principal: "p", RequestId: "r",
	})
	if err == nil && r.GetCommitted() == nil {
		err = fmt.Errorf("not committed: %v", r)
	}
	return err
}

func tableKey(n int) *htsv1.TableKey {
	return &htsv1.TableKey{DatabaseId: "db", TableId: fmt.Sprint("t", n)}
}

func swapAny(n int) *htsv1.Change {
	return &htsv1.Change{Change: &htsv1.Change_SwapTable{SwapTable: &htsv1.SwapTable{Key: tableKey(n), MetadataLocation: "/x"}}}
}

func seedTables(t *testing.T, conn grpc.ClientConnInterface, tables int) {
	t.Helper()
	namespace := &htsv1.Change{Change: &htsv1.Change_CreateNamespace{CreateNamespace: &htsv1.CreateNamespace{DatabaseId: "db"}}}
	if err := commitAll(t.Context(), conn, namespace); err != nil {
		t.Fatal(err)
	}
	changes := make([]*htsv1.Change, 0, tables)
	for n := range tables {
		changes = append(changes, &htsv1.Change{Change: &htsv1.Change_CreateTable{CreateTable: &htsv1.CreateTable{Key: tableKey(n), MetadataLocation: "/0"}}})
	}
	if err := commitAll(t.Context(), conn, changes...); err != nil {
		t.Fatal(err)
	}
}

// slowCommits makes a part of all transactions linger between their last change
// and their end.
const slowCommits = `
CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF random() < 0.08 THEN PERFORM pg_sleep(random() * 0.4); END IF;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON change_event DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger();`

// TestWatchMissesNothing: writers on two replicas, some of them slow to commit;
// a consumer that dies again and again, and goes on, on either replica, from what
// it acknowledged. It sees every version of every table, for the first time in order.
func TestWatchMissesNothing(t *testing.T) {
	const tables, writers, each = 6, 12, 25
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			replicas := []grpc.ClientConnInterface{replica(t, database)}
			seedTables(t, replicas[0], tables)
			if name == "postgres" {
				replicas = append(replicas, replica(t, database))
				conn, err := pgx.Connect(t.Context(), database)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close(t.Context())
				if _, err := conn.Exec(t.Context(), slowCommits); err != nil {
					t.Fatal(err)
				}
			}
			var writing sync.WaitGroup
			defer writing.Wait()
			var committed atomic.Int64
			for w := range writers {
				writing.Go(func() {
					for range each {
						changes := make([]*htsv1.Change, 0, 3)
						for _, n := range rand.Perm(tables)[:1+rand.IntN(3)] {
							changes = append(changes, swapAny(n))
						}
						if err := commitAll(context.WithoutCancel(t.Context()), replicas[w%len(replicas)], changes...); err != nil {
							t.Error(err)
							continue
						}
						committed.Add(int64(len(changes)))
					}
				})
			}
			over := make(chan struct{})
			go func() { writing.Wait(); close(over) }()
			c := &consumer{versions: map[string]int64{}}
			done := func() bool {
				select {
				case <-over:
					return c.seen >= committed.Load()+tables
				default:
					return false
				}
			}
			for lives := 0; !done(); lives++ {
				if t.Failed() || lives > 2000 {
					t.Fatalf("saw %d changes of %d in %d lives", c.seen, committed.Load()+tables, lives)
				}
				c.live(t, replicas[lives%len(replicas)], time.Duration(20+rand.IntN(200))*time.Millisecond)
			}
			if c.seen != committed.Load()+tables {
				t.Fatalf("saw %d changes, want %d", c.seen, committed.Load()+tables)
			}
		})
	}
}

func replica(t *testing.T, database string) grpc.ClientConnInterface {
	t.Helper()
	s, _ := serve(t, database)
	return dial(t, s)
}

// consumer remembers what it has seen, as what it writes to would.
type consumer struct {
	versions map[string]int64
	seen     int64
}

// live watches for a while, acknowledges now and then, and dies in the middle of it.
func (c *consumer) live(t *testing.T, conn grpc.ClientConnInterface, life time.Duration) {
	t.Helper()
	ctx, die := context.WithTimeout(t.Context(), life)
	defer die()
	client := htsv1.NewEventServiceClient(conn)
	stream, err := client.WatchEvents(ctx, &htsv1.WatchEventsRequest{Consumer: "c", BatchSize: 7})
	for err == nil {
		var batch *htsv1.WatchEventsResponse
		if batch, err = stream.Recv(); err != nil {
			break
		}
		for _, e := range batch.GetEvents() {
			c.take(t, e)
		}
		if len(batch.GetEvents()) > 0 && rand.IntN(3) == 0 {
			_, err = client.AckEvents(ctx, &htsv1.AckEventsRequest{Consumer: "c", Position: batch.GetPosition()})
		}
	}
	if code := status.Code(err); code != codes.DeadlineExceeded && code != codes.Canceled {
		t.Errorf("the stream ended: %v", err)
	}
}

// take counts what is new, which is the next version of its table and no other.
func (c *consumer) take(t *testing.T, e *htsv1.Event) {
	t.Helper()
	if e.GetKind() != htsv1.TableKind_TABLE_KIND_TABLE {
		return
	}
	table := e.GetKey().GetTableId()
	switch last := c.versions[table]; {
	case e.GetVersion() > last+1:
		t.Errorf("version %d of %s follows version %d", e.GetVersion(), table, last)
	case e.GetVersion() == last+1:
		c.versions[table] = e.GetVersion()
		c.seen++
	}
}

// TestWatchStarts: behind a position, behind an acknowledgement, or where it is told.
func TestWatchStarts(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			for name, conn := range map[string]grpc.ClientConnInterface{"wire": dial(t, s), "in process": s.Conn()} {
				t.Run(name, func(t *testing.T) { watchStarts(t, conn) })
			}
		})
	}
}

func watchStarts(t *testing.T, conn grpc.ClientConnInterface) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	client := htsv1.NewEventServiceClient(conn)
	first := func(r *htsv1.WatchEventsRequest) (*htsv1.WatchEventsResponse, grpc.ServerStreamingClient[htsv1.WatchEventsResponse]) {
		t.Helper()
		stream, err := client.WatchEvents(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		response, err := stream.Recv()
		if err != nil || len(response.GetEvents()) != 0 {
			t.Fatalf("first response %v, %v", response, err)
		}
		return response, stream
	}
	next := func(stream grpc.ServerStreamingClient[htsv1.WatchEventsResponse], action string) *htsv1.WatchEventsResponse {
		t.Helper()
		response, err := stream.Recv()
		if err != nil || len(response.GetEvents()) != 1 || response.GetEvents()[0].GetAction() != action ||
			response.GetEvents()[0].GetPosition() != response.GetPosition() {
			t.Fatalf("response %v, %v", response, err)
		}
		return response
	}
	_, latest := first(&htsv1.WatchEventsRequest{Start: htsv1.Start_START_LATEST})
	namespace := fmt.Sprint("n", lastOperation.Load())
	must := func(change *htsv1.Change) {
		t.Helper()
		if err := commitAll(ctx, conn, change); err != nil {
			t.Fatal(err)
		}
	}
	must(&htsv1.Change{Change: &htsv1.Change_CreateNamespace{CreateNamespace: &htsv1.CreateNamespace{DatabaseId: namespace}}})
	created := next(latest, "create")
	must(&htsv1.Change{Change: &htsv1.Change_DropNamespace{DropNamespace: &htsv1.DropNamespace{DatabaseId: namespace}}})
	dropped := next(latest, "drop")
	begun, again := first(&htsv1.WatchEventsRequest{Position: created.GetPosition()})
	if begun.GetPosition() != created.GetPosition() || next(again, "drop").GetPosition() != dropped.GetPosition() {
		t.Fatalf("begun at %v", begun)
	}
	_, earliest := first(&htsv1.WatchEventsRequest{BatchSize: 1})
	next(earliest, "create")
	if _, err := client.AckEvents(ctx, &htsv1.AckEventsRequest{Consumer: namespace, Position: created.GetPosition()}); err != nil {
		t.Fatal(err)
	}
	_, acknowledged := first(&htsv1.WatchEventsRequest{Consumer: namespace, Start: htsv1.Start_START_LATEST})
	next(acknowledged, "drop")
	for want, r := range map[codes.Code][]*htsv1.WatchEventsRequest{
		codes.InvalidArgument: {{Position: "x"}, {Position: "1-2"}, {Consumer: "a b"}, {Position: created.GetPosition(), Consumer: "c"}, {BatchSize: -1}},
		codes.NotFound:        {{Warehouse: "nowhere"}, {Warehouse: "nowhere", Start: htsv1.Start_START_LATEST}},
		codes.OutOfRange:      {{Position: "99999-00000001"}},
	} {
		for _, r := range r {
			stream, err := client.WatchEvents(ctx, r)
			if err == nil {
				_, err = stream.Recv()
			}
			if status.Code(err) != want {
				t.Errorf("%v: %v, want %s", r, err, want)
			}
		}
	}
	list, err := client.ListConsumers(ctx, &htsv1.ListConsumersRequest{})
	if err != nil || len(list.GetConsumers()) == 0 {
		t.Fatalf("consumers %v, %v", list, err)
	}
	if _, err := client.DeleteConsumer(ctx, &htsv1.DeleteConsumerRequest{Name: namespace}); err != nil {
		t.Fatal(err)
	}
}

// TestStreamsEndWithTheServer: a watch does not hold up the server's end, and is
// told to come back.
func TestStreamsEndWithTheServer(t *testing.T) {
	port, err := proctest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	s, err := server.New(t.Context(), server.Config{
		DatabaseURL: "sqlite://" + t.TempDir() + "/igloo.db", GRPCListen: address, HTTPListen: "127.0.0.1:0",
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, end := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	conn, err := grpcclient.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stream, err := htsv1.NewEventServiceClient(conn).WatchEvents(t.Context(), &htsv1.WatchEventsRequest{}, grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	end()
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable || errors.Is(err, io.EOF) {
		t.Errorf("the stream ended with %v", err)
	}
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second): // calls in flight may take longer than that
		t.Error("a stream holds up the end")
	}
}
