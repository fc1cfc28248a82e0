package command

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// Jobs are the commands about the work that is left to be done.
type Jobs struct {
	List   listJobs  `cmd:"" help:"List jobs."`
	Show   showJob   `cmd:"" help:"Show one job."`
	Cancel cancelJob `cmd:"" help:"Cancel a job that is not finished. Who works on it is told at its next sign of life."`
}

type listJobs struct {
	Session       `embed:""`
	warehouseFlag `embed:""`

	State string `help:"List those alone that are in this state: QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED."`
	Name  string `help:"List those alone that do this: purge-table, …"`
}

// Run implements the command.
func (c *listJobs) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	query := c.query("size", "100")
	if c.State != "" {
		query.Set("state", c.State)
	}
	if c.Name != "" {
		query.Set("jobName", c.Name)
	}
	all := igloo.each(ctx, "content", call{path: []string{"jobs", "query"}, within: "pageResults", query: query})
	return c.printer(env).many(all, []string{"JOB", "NAME", "STATE", "CREATED", "UPDATED"}, jobRow)
}

func jobRow(answer json.RawMessage) ([]string, error) {
	j := &htsv1.Job{}
	if err := decode("job", answer, j); err != nil {
		return nil, err
	}
	when := func(milliseconds int64) string {
		if milliseconds == 0 {
			return "-"
		}
		return at(milliseconds)
	}
	return []string{j.GetJobId(), j.GetJobName(), cmp.Or(j.GetState(), "-"), when(j.GetCreationTimeMs()), when(j.GetLastUpdateTimeMs())}, nil
}

type jobArg struct {
	ID name `arg:"" name:"job" help:"Id of the job."`
}

type showJob struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	jobArg        `embed:""`
}

// Run implements the command.
func (c *showJob) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	answer, err := igloo.ask(ctx, call{method: http.MethodGet, path: []string{"jobs"}, query: c.query("jobId", string(c.ID))})
	return c.printer(env).part("entity", answer, err)
}

type cancelJob struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	jobArg        `embed:""`
	confirmation  `embed:""`

	Reason string `help:"Why, for people who look at the job."`
}

// Run implements the command.
func (c *cancelJob) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	if err := c.confirmed("cancel job "+string(c.ID), env); err != nil {
		return err
	}
	query := c.query("jobId", string(c.ID), "toState", "CANCELLED")
	if c.Reason != "" {
		query.Set("reason", c.Reason)
	}
	answer, err := igloo.ask(ctx, call{method: http.MethodPatch, path: []string{"jobs", "transition"}, query: query})
	return c.printer(env).part("entity", answer, err)
}
