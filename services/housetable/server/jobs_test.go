package server_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// TestWorkersOfJobs: one worker finishes its job, another goes silent.
func TestWorkersOfJobs(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			jobs := htsv1.NewJobServiceClient(s.Conn())
			for id, lease := range map[string]int64{"j1": 3600, "j2": 1} {
				if _, err := jobs.PutJob(t.Context(), &htsv1.PutJobRequest{Entity: &htsv1.Job{
					JobId: &id, State: new("QUEUED"), JobName: new("n"), ClusterId: new("c"),
				}}); err != nil {
					t.Fatal(err)
				}
				claimed, err := jobs.ClaimJob(t.Context(), &htsv1.ClaimJobRequest{LeaseSeconds: lease})
				if err != nil || claimed.GetEntity().GetJobId() != id || claimed.GetEntity().GetState() != "RUNNING" {
					t.Fatalf("claimed %v, %v", claimed, err)
				}
			}
			none, err := jobs.ClaimJob(t.Context(), &htsv1.ClaimJobRequest{LeaseSeconds: 1})
			if err != nil || none.GetEntity() != nil {
				t.Fatalf("claimed %v, %v", none, err)
			}
			done, err := jobs.TransitionJob(t.Context(), &htsv1.TransitionJobRequest{JobId: "j1", ToState: "SUCCEEDED"})
			if err != nil || done.GetEntity().GetState() != "SUCCEEDED" || done.GetEntity().FinishTimeMs == nil {
				t.Fatalf("finished %v, %v", done, err)
			}
			awaitState(t, jobs, "j2", "FAILED")
			_, err = jobs.HeartbeatJob(t.Context(), &htsv1.HeartbeatJobRequest{JobId: "j2"})
			if status.Code(err) != codes.Aborted || !strings.Contains(err.Error(), "no heartbeat within the lease") {
				t.Fatalf("heartbeat of a reaped job: %v", err)
			}
			refused(t, jobs)
		})
	}
}

func refused(t *testing.T, jobs htsv1.JobServiceClient) {
	t.Helper()
	_, lease := jobs.ClaimJob(t.Context(), &htsv1.ClaimJobRequest{})
	_, to := jobs.TransitionJob(t.Context(), &htsv1.TransitionJobRequest{JobId: "j1", ToState: "DONE"})
	_, from := jobs.TransitionJob(t.Context(), &htsv1.TransitionJobRequest{JobId: "j1", ToState: "RUNNING", FromStates: []string{"SUCCEEDED"}})
	_, id := jobs.HeartbeatJob(t.Context(), &htsv1.HeartbeatJobRequest{JobId: "j?1"})
	for what, err := range map[string]error{"lease": lease, "to": to, "from": from, "id": id} {
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func awaitState(t *testing.T, jobs htsv1.JobServiceClient, id, state string) {
	t.Helper()
	limit, ticker := time.After(10*time.Second), time.NewTicker(20*time.Millisecond)
	defer ticker.Stop()
	for {
		got, err := jobs.GetJob(t.Context(), &htsv1.GetJobRequest{JobId: id})
		if err != nil {
			t.Fatal(err)
		}
		if got.GetEntity().GetState() == state {
			return
		}
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatalf("%s is %s, not %s", id, got.GetEntity().GetState(), state)
		}
	}
}
