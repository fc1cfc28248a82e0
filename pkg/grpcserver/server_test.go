package grpcserver_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/grpcserver"
)

// TestCallerLeft: what fails since the caller ended its call is told as that and
// is no error of the server's; a refusal stays what it is.
func TestCallerLeft(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	// A connection that knows the deadline may fail by it before the context does.
	late := lateContext{t.Context()}
	down := fault.Wrap(fault.Unavailable, errors.New("i/o timeout"), "the database cannot answer now")
	for name, c := range map[string]struct {
		ctx  context.Context //nolint:containedctx // a case
		err  error
		want codes.Code
		logs bool
	}{
		"a caller that waits":            {t.Context(), down, codes.Unavailable, true},
		"a caller that hung up":          {gone, down, codes.Canceled, false},
		"a caller whose time is over":    {late, down, codes.DeadlineExceeded, false},
		"a refusal, when time was over":  {late, fault.New(fault.NoSuchTable, "no table"), codes.NotFound, false},
		"no reason, to one that hung up": {gone, errors.New("broken"), codes.Canceled, false},
	} {
		var log bytes.Buffer
		call := grpcserver.Unary(slog.New(slog.NewTextHandler(&log, nil)), authn.Unary(nil))
		_, err := call(c.ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/m"}, func(context.Context, any) (any, error) { return nil, c.err })
		if status.Code(err) != c.want || (log.Len() > 0) != c.logs {
			t.Errorf("%s: %v, want %v; log %q", name, err, c.want, &log)
		}
	}
}

// lateContext has passed its deadline and has not noticed.
type lateContext struct{ context.Context } //nolint:containedctx // is one

func (lateContext) Deadline() (time.Time, bool) { return time.Now().Add(-time.Millisecond), true }
