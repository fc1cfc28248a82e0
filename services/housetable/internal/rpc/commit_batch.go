package rpc

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// maxBatchCommit is the most commits of a BatchCommit.
const maxBatchCommit = 128

// BatchCommit applies each commit by itself. Of one that fails nothing is told: its
// sender sends it alone, and is told as everybody is.
func (s *commitService) BatchCommit(ctx context.Context, r *htsv1.BatchCommitRequest) (*htsv1.BatchCommitResponse, error) {
	requests := r.GetCommits()
	if n := len(requests); n > maxBatchCommit {
		return nil, fault.Field("commits", "has %d entries, %d are allowed", n, maxBatchCommit)
	}
	responses := make([]*htsv1.CommitResponse, len(requests))
	commits, places := make([]housetable.Commit, 0, len(requests)), make([]int, 0, len(requests))
	for i, request := range requests {
		responses[i] = &htsv1.CommitResponse{}
		if commit, err := s.commit(ctx, request); err == nil {
			commits, places = append(commits, commit), append(places, i)
		}
	}
	verdicts, errs := s.commits.CommitAll(ctx, commits)
	epoch, _ := s.epoch.recentWithin(ctx, epochWait) // afterwards: see Commit
	for i, at := range places {
		if response := answered(verdicts[i], errs[i]); response != nil {
			response.Epoch, responses[at] = epoch, response
			audit.From(ctx).Part("CommitService/Commit", requests[at].GetRequestId(), commits[i].Principal)
		}
	}
	return &htsv1.BatchCommitResponse{Responses: responses}, nil
}

// answered is the answer to a commit, nil to one that failed.
func answered(verdict housetable.Verdict, err error) *htsv1.CommitResponse {
	if err != nil {
		return nil
	}
	response, err := toCommitResponse(verdict)
	if err != nil {
		return nil
	}
	return response
}
