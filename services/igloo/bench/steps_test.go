package bench

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
	"github.com/igloo-catalog/igloo/services/igloo/report"
)

// The variables that make this program one of two servers that take the steps of a
// commit and are no catalog: the one over HTTP, which creates files in the storage at
// creates and calls the other at calls; and that one, which changes a row of the
// database at changes for each call.
const (
	creates = "IGLOO_BENCH_CREATE"
	calls   = "IGLOO_BENCH_CALL"
	changes = "IGLOO_BENCH_CHANGE"
)

// maxSteps is how many steps of a kind are taken at once.
const maxSteps = 64

// steps takes a commit's: it reads a request, creates a file, has a row changed, and
// sends the bytes of a file that a catalog would answer.
type steps struct {
	answer []byte
	store  *s3.Store
	row    grpc_health_v1.HealthClient
}

func takeSteps(listen string) error {
	answer, err := os.ReadFile(filepath.Clean(os.Getenv(sends)))
	if err != nil {
		return err
	}
	store, err := s3.Open(context.Background(), s3.Config{Endpoint: os.Getenv(creates), PathStyle: true})
	if err != nil {
		return err
	}
	conn, err := grpcclient.Dial(os.Getenv(calls))
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr: listen, ReadHeaderTimeout: startTimeout,
		Handler: &steps{answer: answer, store: store, row: grpc_health_v1.NewHealthClient(conn)},
	}
	return server.ListenAndServe()
}

func (s *steps) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.take(r); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.answer)
}

func (s *steps) take(r *http.Request) error {
	if _, err := io.ReadAll(r.Body); err != nil {
		return err
	}
	if r.Method != http.MethodPost {
		return nil // whether it is ready
	}
	if err := s.store.Create(r.Context(), "s3://"+s3test.Bucket+"/steps/"+uuid.NewString(), s.answer); err != nil {
		return err
	}
	_, err := s.row.Check(r.Context(), &grpc_health_v1.HealthCheckRequest{})
	return err
}

// changing changes a row for each call.
type changing struct {
	grpc_health_v1.UnimplementedHealthServer

	database *pgxpool.Pool
}

func changeRows(listen string) error {
	config, err := pgxpool.ParseConfig(os.Getenv(changes))
	if err != nil {
		return err
	}
	config.MaxConns = 16
	database, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.NumStreamWorkers(maxSteps))
	grpc_health_v1.RegisterHealthServer(server, &changing{database: database})
	return server.Serve(listener)
}

// Check implements grpc_health_v1.HealthServer.
func (c *changing) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	_, err := c.database.Exec(ctx, changedRow, strconv.Itoa(1+rand.IntN(bareRowCount)))
	return &grpc_health_v1.HealthCheckResponse{}, err
}

// newSteps starts the two, with a Postgres and a storage of their own, that send what
// like answers.
func newSteps(b *testing.B, like *contestant) *contestant {
	b.Helper()
	c := newPgbench(b)
	c.name = report.BareCommit
	back, front := iglootest.Address(b), iglootest.Address(b)
	c.begin(b, proctest.Command{Path: os.Args[0], Env: []string{oneProcessor, changes + "=" + c.database(), listens + "=" + back}}, func(context.Context) error {
		return reachable(back)
	})
	c.target.URL = "http://" + front
	env := append(keys(), oneProcessor, creates+"="+c.ownStore(b).Endpoint(), calls+"="+back, sends+"="+like.answerFile(b, 1), listens+"="+front)
	c.run(b, proctest.Command{Path: os.Args[0], Env: env}, c.target.URL)
	return c
}

func reachable(address string) error {
	conn, err := net.Dial("tcp", address) //nolint:noctx // on this machine
	if err == nil {
		err = conn.Close()
	}
	return err
}

// stepping is the two at work.
func (l *bare) stepping(b *testing.B, operation string, like *contestant, connections int) *entry {
	b.Helper()
	if l.steps == nil {
		l.steps = newSteps(b, like)
	}
	return l.steps.enter(operation, connections, looped(load.Post(l.steps.target.URL, commitSize, connections)))
}

// commitSize is about how many bytes a commit of one snapshot sends.
const commitSize = 1200
