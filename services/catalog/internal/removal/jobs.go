package removal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pause"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// refused is why a job can never be done.
type refused struct{ reason string }

func (r refused) Error() string { return r.reason }

func refuse(format string, args ...any) error { return refused{fmt.Sprintf(format, args...)} }

// errLost means that the job is, or may be, another's by now.
var errLost = errors.New("the claim of the job was lost")

// concludeTime bounds the saying of how a job ended, which may be at the very end.
const concludeTime = 5 * time.Second

// maxDelay bounds the wait of a job that failed.
const maxDelay = time.Hour

// purges does all jobs that there are, but of warehouses where one failed.
func (r *Remover) purges(ctx context.Context) error {
	var names []string
	err := r.eachWarehouse(ctx, func(w catalog.Warehouse) error {
		names = append(names, w.Name)
		for r.away.over(w.Name) {
			j, err := r.jobs.ClaimJob(ctx, w.Name, r.settings.Lease)
			if err != nil || j == nil {
				return err
			}
			r.do(ctx, *j)
		}
		return nil
	})
	if err == nil {
		r.away.keep(names)
	}
	return err
}

// do does one job and says how it ended. Where that cannot be said, the lease
// will run out and the job be begun again.
func (r *Remover) do(ctx context.Context, j catalog.Job) {
	held, release := r.hold(ctx, j)
	report, err := r.perform(held, j)
	if lost := context.Cause(held); errors.Is(lost, errLost) {
		err = lost
	}
	release()
	told, cancel := context.WithTimeout(context.WithoutCancel(ctx), concludeTime)
	defer cancel()
	if err := r.conclude(told, ctx.Err() != nil, j, report, err); err != nil {
		r.log.WarnContext(ctx, "the end of a purge is not recorded", "job", j.ID, "error", err)
	}
}

// hold keeps a claim alive. The context it returns ends when the claim is lost,
// or may be.
func (r *Remover) hold(ctx context.Context, j catalog.Job) (held context.Context, release func()) {
	held, cancel := context.WithCancelCause(ctx)
	beaten := make(chan struct{})
	go func() {
		defer close(beaten)
		last := time.Now()
		for pause.For(held, r.settings.Lease/4) == nil {
			limited, stop := context.WithTimeout(held, r.settings.Lease/4)
			err := r.jobs.Heartbeat(limited, j)
			stop()
			switch {
			case err == nil:
				last = time.Now()
			case fault.Is(err, fault.CommitFailed), fault.Is(err, fault.NoSuchJob), time.Since(last) > r.settings.Lease/2:
				cancel(errLost)
			}
		}
	}()
	return held, func() {
		cancel(nil)
		<-beaten
	}
}

func (r *Remover) perform(ctx context.Context, j catalog.Job) (string, error) {
	switch j.Name {
	case catalog.PurgeJob:
		return r.purge(ctx, j)
	case catalog.AbandonedJob:
		return r.abandoned(ctx, j)
	default:
		return "", refuse("job %q is of no kind that is done here", j.Name)
	}
}

// conclude records how a job ended.
func (r *Remover) conclude(ctx context.Context, stopped bool, j catalog.Job, report string, err error) error {
	var never refused
	switch {
	case err == nil:
		r.away.answered(j.Warehouse)
		r.counts.purged.Add(1)
		return r.jobs.Succeed(ctx, j, report)
	case errors.Is(err, errLost):
		return err
	case stopped:
		return r.jobs.Retry(ctx, j, 0, "the process was stopped")
	case errors.As(err, &never):
		return r.giveUp(ctx, j, err)
	}
	r.putOff(ctx, j.Warehouse, err)
	if j.Attempt >= j.Attempts {
		return r.giveUp(ctx, j, err)
	}
	r.counts.putBack.Add(1)
	delay := min(r.settings.RetryDelay<<min(j.Attempt-1, 20), maxDelay)
	return r.jobs.Retry(ctx, j, delay, err.Error())
}

// giveUp ends a job that is not done.
func (r *Remover) giveUp(ctx context.Context, j catalog.Job, err error) error {
	r.counts.failed.Add(1)
	r.log.WarnContext(ctx, "the files of a dropped table stay", "job", j.ID, "purge", j.Conf, "error", err)
	return r.jobs.Fail(ctx, j, err.Error())
}
