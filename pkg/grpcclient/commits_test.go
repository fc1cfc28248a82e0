package grpcclient_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// committing is a house table service that answers after a while: it applies what is not
// "bad", and notes which commits came together.
type committing struct {
	grpc.ClientConnInterface
	refuses codes.Code // commits that come together
	short   bool       // it answers one less

	mu    sync.Mutex
	calls []string
}

func (c *committing) Invoke(_ context.Context, _ string, request, answer any, _ ...grpc.CallOption) error {
	defer time.Sleep(whileAway)
	if one, alone := request.(*htsv1.CommitRequest); alone {
		c.note(one)
		if bad(one) {
			return status.Error(codes.InvalidArgument, "bad")
		}
		answer.(*htsv1.CommitResponse).Result = applied(one).GetResult() //nolint:forcetypeassert // it is of the request
		return nil
	}
	all := request.(*htsv1.BatchCommitRequest).GetCommits() //nolint:forcetypeassert // the only other one
	c.note(all...)
	if c.refuses != codes.OK {
		return status.Error(c.refuses, "refused")
	}
	for _, one := range all {
		response := applied(one)
		if bad(one) {
			response = &htsv1.CommitResponse{}
		}
		batch := answer.(*htsv1.BatchCommitResponse) //nolint:forcetypeassert // it is of the request
		batch.Responses = append(batch.Responses, response)
	}
	if c.short {
		batch := answer.(*htsv1.BatchCommitResponse) //nolint:forcetypeassert // it is of the request
		batch.Responses = batch.GetResponses()[1:]
	}
	return nil
}

func (c *committing) note(commits ...*htsv1.CommitRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := make([]string, len(commits))
	for i, one := range commits {
		names[i] = one.GetRequestId()
	}
	c.calls = append(c.calls, strings.Join(names, "+"))
}

func bad(r *htsv1.CommitRequest) bool { return strings.HasPrefix(r.GetRequestId(), "bad") }

// applied is an answer by which one knows the request.
func applied(r *htsv1.CommitRequest) *htsv1.CommitResponse {
	return &htsv1.CommitResponse{Result: &htsv1.CommitResponse_Committed{Committed: &htsv1.Committed{
		Results: []*htsv1.ChangeResult{{Table: &htsv1.HouseTable{MetadataLocation: r.GetRequestId()}}},
	}}}
}

// commitOf is a commit as its name says: one of several changes, a creation or a swap.
func commitOf(name string) *htsv1.CommitRequest {
	change := &htsv1.Change{Change: &htsv1.Change_SwapTable{SwapTable: &htsv1.SwapTable{}}}
	if strings.HasPrefix(name, "create") {
		change = &htsv1.Change{Change: &htsv1.Change_CreateTable{CreateTable: &htsv1.CreateTable{}}}
	}
	r := &htsv1.CommitRequest{RequestId: name, Operations: []*htsv1.Operation{{}}, Changes: []*htsv1.Change{change}}
	switch {
	case strings.HasPrefix(name, "several"):
		r.Changes = append(r.Changes, change)
	case strings.HasPrefix(name, "folded"):
		r.Operations = append(r.Operations, &htsv1.Operation{})
	case strings.HasPrefix(name, "namespace"):
		r.Changes[0].Change = &htsv1.Change_CreateNamespace{CreateNamespace: &htsv1.CreateNamespace{}}
	case strings.HasPrefix(name, "job"):
		r.Jobs = []*htsv1.QueuedJob{{}}
	}
	return r
}

// send sends commits at once, in the order of their names, and checks what each is answered.
func send(t *testing.T, client htsv1.CommitServiceClient, whole codes.Code, names ...string) {
	t.Helper()
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() {
			answer, err := client.Commit(t.Context(), commitOf(name))
			want := codes.OK
			switch {
			case i > 0 && whole != codes.OK:
				want = whole
			case bad(commitOf(name)):
				want = codes.InvalidArgument
			}
			if status.Code(err) != want {
				t.Errorf("%s: %v, wanted %s", name, err, want)
			}
			if results := answer.GetCommitted().GetResults(); want == codes.OK && (len(results) != 1 || results[0].GetTable().GetMetadataLocation() != name) {
				t.Errorf("%s was answered %v", name, answer)
			}
		})
		synctest.Wait()
	}
	wait.Wait()
}

func TestCommitsThatQueueGoTogether(t *testing.T) {
	for name, test := range map[string]struct {
		service *committing
		whole   codes.Code
		commits string
		calls   string
	}{
		"one goes alone":                 {&committing{}, codes.OK, "a", "a"},
		"each has its own answer":        {&committing{}, codes.OK, "a b c", "a b+c"},
		"creations go with creations":    {&committing{}, codes.OK, "a b create1 c create2", "a b+c create1+create2"},
		"large ones go alone":            {&committing{}, codes.OK, "a b several c folded job namespace", "a several folded job namespace b+c"},
		"one that fails is told why":     {&committing{}, codes.OK, "a b bad c", "a b+bad+c bad"},
		"too few answers are none":       {&committing{short: true}, codes.OK, "a b c", "a b+c b c"},
		"a service that is gone":         {&committing{refuses: codes.Unavailable}, codes.Unavailable, "a b c", "a b+c"},
		"a service that is busy":         {&committing{refuses: codes.ResourceExhausted}, codes.ResourceExhausted, "a b c", "a b+c"},
		"an old service gets each":       {&committing{refuses: codes.Unimplemented}, codes.OK, "a b c", "a b+c b c"},
		"and so does one that mistrusts": {&committing{refuses: codes.PermissionDenied}, codes.OK, "a b c", "a b+c b c"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				send(t, grpcclient.Commits(test.service), test.whole, strings.Fields(test.commits)...)
				got, want := slices.Sorted(slices.Values(test.service.calls)), slices.Sorted(strings.FieldsSeq(test.calls))
				if !slices.Equal(got, want) {
					t.Errorf("the calls are %s, wanted %s", got, want)
				}
			})
		})
	}
}

// A service that takes no commits together is not asked each time, and again after a while.
func TestAnOldServiceIsNotAskedEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &committing{refuses: codes.Unimplemented}
		client := grpcclient.Commits(service)
		together := func() (calls int) {
			service.mu.Lock()
			defer service.mu.Unlock()
			for _, call := range service.calls {
				if strings.Contains(call, "+") {
					calls++
				}
			}
			return calls
		}
		for range 3 {
			send(t, client, codes.OK, "a", "b", "c")
		}
		if n := together(); n != 1 {
			t.Errorf("it was asked %d times", n)
		}
		time.Sleep(time.Hour)
		service.refuses = codes.OK
		if send(t, client, codes.OK, "a", "b", "c"); together() != 2 {
			t.Errorf("it was asked %d times, once of it after an hour", together())
		}
	})
}
