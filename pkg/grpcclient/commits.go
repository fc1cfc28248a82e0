package grpcclient

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/line"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// commitLimits are those of small commits over one connection. Patience is short: the
// house table service has its own.
var commitLimits = line.Limits{
	Slots: 1024, Batch: 64, Queue: 4096,
	InTurn: true, Patience: time.Millisecond, Company: 6 * time.Millisecond,
	Timeout: 30 * time.Second,
}

// apartFor is how long commits go each by itself after they were not let go together.
const apartFor = time.Minute

// commits is a client whose small commits go together.
type commits struct {
	htsv1.CommitServiceClient
	line *line.Line[*htsv1.CommitRequest, *htsv1.CommitResponse]
	// apart is until when they do not, in nanoseconds since the epoch.
	apart atomic.Int64
}

// Commits makes a client of commits over a connection, which stays the caller's. One that
// swaps or creates one table goes at once, alone, while none is under way; those that find one go
// together in a BatchCommit when it ends, and so do those of callers who come again as
// soon as they are answered. What one of them is answered is no matter of the others, and
// what is answered to none but it is asked for alone. A service that does not know the
// call, or does not take it from this caller, is sent every commit by itself. Of several
// services all clients ask the same one for the commits of a warehouse, which go together
// there, too, while that one can answer.
func Commits(conn grpc.ClientConnInterface) htsv1.CommitServiceClient {
	c := &commits{CommitServiceClient: htsv1.NewCommitServiceClient(conn)}
	c.line = &line.Line[*htsv1.CommitRequest, *htsv1.CommitResponse]{
		What: "commits", Limits: commitLimits, Gather: line.Sharing(sortOf), Run: c.run,
	}
	return c
}

// sort is which small commits go together: those of a warehouse, and of these the swaps,
// as most are. Others are waited for longer.
type sort struct {
	warehouse string
	swap      bool
}

func sortOf(r *htsv1.CommitRequest) sort {
	return sort{r.GetWarehouse(), r.GetChanges()[0].GetSwapTable() != nil}
}

// small reports whether a commit is one that others may go with: all of a batch together
// are far less than a message may be.
func small(r *htsv1.CommitRequest) bool {
	if len(r.GetChanges()) != 1 || len(r.GetOperations()) != 1 || len(r.GetJobs()) > 0 {
		return false
	}
	change := r.GetChanges()[0]
	return change.GetSwapTable() != nil || change.GetCreateTable() != nil
}

// Commit implements the generated client.
func (c *commits) Commit(ctx context.Context, r *htsv1.CommitRequest, options ...grpc.CallOption) (*htsv1.CommitResponse, error) {
	ctx = about(ctx, r.GetWarehouse())
	if len(options) > 0 || !small(r) || time.Now().UnixNano() < c.apart.Load() {
		return c.CommitServiceClient.Commit(ctx, r, options...)
	}
	answer, err := c.line.Do(ctx, r)
	switch {
	case err != nil:
		return nil, departed(err)
	case answer.GetResult() == nil:
		return c.CommitServiceClient.Commit(ctx, r)
	}
	return answer, nil
}

// run makes one call of several commits, and returns answers without a result for those
// that have to be sent alone: a commit may be sent again at will.
func (c *commits) run(ctx context.Context, requests []*htsv1.CommitRequest) ([]*htsv1.CommitResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, commitLimits.Timeout)
	defer cancel()
	ctx = about(ctx, requests[0].GetWarehouse())
	if len(requests) == 1 {
		answer, err := c.CommitServiceClient.Commit(ctx, requests[0])
		return []*htsv1.CommitResponse{answer}, err
	}
	answer, err := c.BatchCommit(ctx, &htsv1.BatchCommitRequest{Commits: requests})
	switch status.Code(err) {
	case codes.OK:
		if len(answer.GetResponses()) == len(requests) {
			return answer.GetResponses(), nil
		}
	case codes.Unimplemented, codes.PermissionDenied, codes.InvalidArgument:
		c.apart.Store(time.Now().Add(apartFor).UnixNano())
	default:
		return nil, err
	}
	return make([]*htsv1.CommitResponse, len(requests)), nil
}
