package grpcclient_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// counting is a house table service that answers, and counts what it was asked.
type counting struct {
	htsv1.UnimplementedCommitServiceServer
	htsv1.UnimplementedWarehouseServiceServer

	commits, reads atomic.Int64
	refuses        atomic.Uint32 // codes.OK is not
}

func (c *counting) Commit(_ context.Context, r *htsv1.CommitRequest) (*htsv1.CommitResponse, error) {
	c.commits.Add(1)
	if code := codes.Code(c.refuses.Load()); code != codes.OK {
		return nil, status.Error(code, "refused")
	}
	return applied(r), nil
}

func (c *counting) GetWarehouse(context.Context, *htsv1.GetWarehouseRequest) (*htsv1.GetWarehouseResponse, error) {
	c.reads.Add(1)
	return &htsv1.GetWarehouseResponse{}, nil
}

// serve runs a service until the test ends, or until it is stopped.
func serve(t *testing.T, service *counting) (address string, stop func()) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	htsv1.RegisterCommitServiceServer(server, service)
	htsv1.RegisterWarehouseServiceServer(server, service)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String(), server.Stop
}

// dial is a way to some services, of which nothing is known yet.
func dial(t *testing.T, addresses ...string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpcclient.Dial(strings.Join(addresses, ","))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// reach reads until each service was asked.
func reach(t *testing.T, conn *grpc.ClientConn, services ...*counting) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client := htsv1.NewWarehouseServiceClient(conn)
	for _, s := range services {
		for before := s.reads.Load(); s.reads.Load() == before; {
			if _, err := client.GetWarehouse(ctx, &htsv1.GetWarehouseRequest{}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// commitTo commits to a warehouse, and says how many commits each service then had more.
func commitTo(t *testing.T, conn *grpc.ClientConn, kind, warehouse string, services ...*counting) (more [2]int64, err error) {
	t.Helper()
	for i, s := range services {
		more[i] = -s.commits.Load()
	}
	r := commitOf(kind)
	r.Warehouse = warehouse
	_, err = grpcclient.Commits(conn).Commit(t.Context(), r)
	for i, s := range services {
		more[i] += s.commits.Load()
	}
	return more, err
}

// What goes to one service can go into one statement there.
func TestCommitsToAWarehouseOfAllClientsGoToOneService(t *testing.T) {
	a, b := &counting{}, &counting{}
	atA, _ := serve(t, a)
	atB, stopB := serve(t, b)
	one, another := dial(t, atA, atB), dial(t, atB, atA)
	reach(t, one, a, b)
	reach(t, another, a, b)
	ofB := ""
	for n := range 64 {
		warehouse := "w" + strconv.Itoa(n)
		first, err := commitTo(t, one, "swap", warehouse, a, b)
		for _, kind := range []string{"swap", "several", "job"} {
			if next, err := commitTo(t, another, kind, warehouse, a, b); next != first || err != nil {
				t.Errorf("%s: one client's went %v, another's %s %v, %v", warehouse, first, kind, next, err)
			}
		}
		if first[1] == 1 && err == nil {
			ofB = warehouse
		}
	}
	if a.commits.Load() == 0 || ofB == "" {
		t.Fatalf("%d commits went to one service, %d to the other", a.commits.Load(), b.commits.Load())
	}
	stopB()
	// What was under way when it stopped may fail.
	got, err := commitTo(t, one, "swap", ofB, a, b)
	for range 10 {
		if status.Code(err) != codes.Unavailable {
			break
		}
		got, err = commitTo(t, one, "swap", ofB, a, b)
	}
	if got != [2]int64{1, 0} || err != nil {
		t.Errorf("without the second service the commit went %v, %v", got, err)
	}
}

// A service that is there and cannot answer does not keep its warehouses' commits.
func TestCommitsGoWhereTheyAreAnswered(t *testing.T) {
	a, b := &counting{}, &counting{}
	atA, _ := serve(t, a)
	atB, _ := serve(t, b)
	for code, passedOver := range map[codes.Code]bool{
		codes.Unavailable: true, codes.ResourceExhausted: true, codes.DeadlineExceeded: true,
		codes.InvalidArgument: false, codes.Aborted: false,
	} {
		conn, warehouse := dial(t, atA, atB), code.String()
		reach(t, conn, a, b)
		first, err := commitTo(t, conn, "swap", warehouse, a, b)
		if err != nil {
			t.Fatal(err)
		}
		its := a
		if first[1] == 1 {
			its = b
		}
		its.refuses.Store(uint32(code))
		if _, err = commitTo(t, conn, "several", warehouse, a, b); status.Code(err) != code {
			t.Errorf("%s was answered with %v", code, err)
		}
		next, err := commitTo(t, conn, "several", warehouse, a, b)
		if (next != first && err == nil) != passedOver {
			t.Errorf("after %s the commit went %v, as before %v: %v", code, next, first, err)
		}
		its.refuses.Store(uint32(codes.OK))
	}
}

func TestReadsGoToAllServices(t *testing.T) {
	a, b := &counting{}, &counting{}
	atA, _ := serve(t, a)
	atB, _ := serve(t, b)
	reach(t, dial(t, atA, atB), a, b)
}
