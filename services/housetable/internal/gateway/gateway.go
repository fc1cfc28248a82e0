// Package gateway serves /hts: the REST form of the gRPC services, as
// OpenHouse's clients know it.
//
// It owns the JSON shapes (every known field written, null when absent, int64
// as numbers), the success codes (201, 204) and the five-key error body, and it
// promises that every answer is one of these, routing errors included. It
// reaches the services through a gRPC channel and decides nothing itself.
package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/limit"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

const (
	maxBodyBytes = 1 << 20
	requestIDKey = "x-request-id"
	// idempotencyKey is a header of changes, and the metadata that it becomes.
	idempotencyKey = "idempotency-key"
)

// New makes the handler of everything under /hts. createdHeader is the answer
// header by which a service says that it created what it returns.
func New(ctx context.Context, conn grpc.ClientConnInterface, createdHeader string) (http.Handler, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, marshaler{}),
		runtime.WithForwardResponseOption(statusOf(createdHeader)),
		runtime.WithOutgoingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithMetadata(func(ctx context.Context, r *http.Request) metadata.MD {
			md := metadata.Pairs(requestIDKey, telemetry.RequestID(ctx))
			md.Append(idempotencyKey, r.Header.Values(idempotencyKey)...)
			return md
		}),
		runtime.WithErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
			writeError(w, r, fromGRPC(r, err))
		}),
		runtime.WithRoutingErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, _ int) {
			writeError(w, r, noRoute(w, r))
		}),
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptReserved),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
	)
	err := errors.Join(
		htsv1.RegisterUserTableServiceHandlerClient(ctx, mux, htsv1.NewUserTableServiceClient(conn)),
		htsv1.RegisterJobServiceHandlerClient(ctx, mux, htsv1.NewJobServiceClient(conn)),
		htsv1.RegisterToggleServiceHandlerClient(ctx, mux, htsv1.NewToggleServiceClient(conn)),
		htsv1.RegisterWarehouseServiceHandlerClient(ctx, mux, htsv1.NewWarehouseServiceClient(conn)),
		htsv1.RegisterNamespaceServiceHandlerClient(ctx, mux, htsv1.NewNamespaceServiceClient(conn)),
		htsv1.RegisterTableServiceHandlerClient(ctx, mux, htsv1.NewTableServiceClient(conn)),
		htsv1.RegisterEventServiceHandlerClient(ctx, mux, htsv1.NewEventServiceClient(conn)),
		htsv1.RegisterReportServiceHandlerClient(ctx, mux, htsv1.NewReportServiceClient(conn)),
		htsv1.RegisterAccessServiceHandlerClient(ctx, mux, htsv1.NewAccessServiceClient(conn)),
		htsv1.RegisterCommitServiceHandlerClient(ctx, mux, htsv1.NewCommitServiceClient(conn)),
	)
	if err != nil {
		return nil, fmt.Errorf("register the gateway: %w", err)
	}
	return prepare(mux), nil
}

// prepare makes requests what the router expects: no trailing slash, GET for
// HEAD, and a body that is JSON and within its limit.
func prepare(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = routable(r)
		if allowed(r.URL.EscapedPath()) != "" && r.Method == http.MethodHead {
			r.Method = http.MethodGet
		}
		switch r.Method {
		case http.MethodPut, http.MethodPost, http.MethodPatch:
			if bodiless(r.URL.EscapedPath()) {
				break
			}
			if err := readBody(w, r); err != nil {
				writeError(w, r, err)
				return
			}
		default: // bodies of the others are not read
		}
		next.ServeHTTP(w, r)
	})
}

// routable is the request without a trailing slash, and with its path as it was
// sent: ids may hold any character, escaped.
func routable(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	escaped := r.URL.EscapedPath()
	if trimmed, ok := strings.CutSuffix(escaped, "/"); ok {
		escaped, r.URL.Path = trimmed, strings.TrimSuffix(r.URL.Path, "/")
	}
	r.URL.RawPath = escaped
	return r
}

// bodiless are the paths whose parameters are all in the query.
func bodiless(path string) bool {
	if name, ok := strings.CutPrefix(path, "/hts/warehouses/"); ok && strings.Contains(name, "/") {
		return true
	}
	switch path {
	case "/hts/tables/restore", "/hts/tables/rename", "/hts/jobs/heartbeat", "/hts/jobs/transition", "/hts/jobs/claim":
		return true
	}
	return false
}

// readBody checks the body before the router sees it, so that what is wrong
// with it is told in words.
func readBody(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fault.New(fault.TooLarge, "the body is over the limit of %d bytes", maxBodyBytes)
	case err != nil:
		return fault.Wrap(fault.Invalid, err, "the body cannot be read")
	}
	if err := limit.Depth(body); err != nil {
		return err
	}
	var object map[string]json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(&object); err != nil {
		return fault.New(fault.Invalid, "the body is not a JSON object: %v", err)
	}
	if object == nil || decoder.More() {
		return fault.New(fault.Invalid, "the body must be one JSON object")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// statusOf answers 201 for what was created and 204, without a body, for what
// was deleted.
func statusOf(createdHeader string) func(context.Context, http.ResponseWriter, proto.Message) error {
	return func(ctx context.Context, w http.ResponseWriter, m proto.Message) error {
		if m.ProtoReflect().Descriptor().Fields().Len() == 0 {
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		if md, ok := runtime.ServerMetadataFromContext(ctx); ok && len(md.HeaderMD.Get(createdHeader)) > 0 {
			w.WriteHeader(http.StatusCreated)
		}
		return nil
	}
}
