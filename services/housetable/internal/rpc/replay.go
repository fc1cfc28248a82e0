package rpc

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// IdempotencyKey is the metadata under which a change may be sent again: a UUID.
// A change whose key came before is answered as it was the first time.
const IdempotencyKey = "idempotency-key"

// scope is what a service works on.
type scope struct {
	store   housetable.Store
	commits Committer
}

// alone hands single commits to a store.
type alone struct{ housetable.Committer }

func (a alone) Commit(ctx context.Context, c housetable.Commit) (housetable.Verdict, error) {
	verdicts, err := a.Committer.Commit(ctx, []housetable.Commit{c})
	if err != nil {
		return nil, err
	}
	return verdicts[0], nil
}

// replayed registers services whose changes may come with a key: each is done in
// one transaction with its record, and that of its answer if there is a key.
type replayed struct {
	to grpc.ServiceRegistrar
	scope
	// kept is for how long records are kept at least.
	kept time.Duration
	// prepare, when set, does what a request needs before its transaction, and
	// settle what it needs before its answer, once it is done.
	prepare func(ctx context.Context, request proto.Message) (context.Context, error)
	settle  func(ctx context.Context, request any) error
}

// service adds one, which serve makes for what it is to work on.
func (r replayed) service(d grpc.ServiceDesc, serve func(scope) any) {
	methods := make([]grpc.MethodDesc, len(d.Methods))
	for i, m := range d.Methods {
		methods[i] = m
		if changes(m.MethodName) {
			methods[i].Handler = r.handler(m, serve)
		}
	}
	d.Methods = methods
	r.to.RegisterService(&d, serve(r.scope))
}

// changes reports whether a method is no read.
func changes(method string) bool {
	for _, read := range []string{"Get", "List", "Query", "Page", "Check", "Explain", "Follow"} {
		if strings.HasPrefix(method, read) {
			return false
		}
	}
	return true
}

// handler calls the method through the server's interceptor, as without it.
func (r replayed) handler(m grpc.MethodDesc, serve func(scope) any) grpc.MethodHandler {
	return func(server any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		return m.Handler(server, ctx, decode, func(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			once := func(ctx context.Context, request any) (any, error) {
				answer, err := r.once(ctx, m, serve, request, next)
				if err == nil && r.settle != nil {
					err = r.settle(ctx, request)
				}
				return answer, err
			}
			if interceptor == nil {
				return once(ctx, request)
			}
			return interceptor(ctx, request, info, once)
		})
	}
}

// change is one request that changes something.
type change struct {
	method    grpc.MethodDesc
	serve     func(scope) any
	request   proto.Message
	warehouse string
}

// on does the change on a store, and tells whether it created what it returns.
func (c change) on(ctx context.Context, s housetable.Store) (answer any, created bool, err error) {
	made := &creation{}
	request := func(target any) error { proto.Merge(target.(proto.Message), c.request); return nil } //nolint:forcetypeassert // generated
	answer, err = c.method.Handler(c.serve(scope{store: s, commits: alone{s}}), context.WithValue(ctx, creationKey{}, made), request, nil)
	return answer, made.done, err
}

// once does what a request asks for together with the record of it, or answers as
// it was answered before. One of no warehouse's goes on as it came, and so does
// one without a key that is one commit, which has its record itself.
func (r replayed) once(ctx context.Context, m grpc.MethodDesc, serve func(scope) any, request any, next grpc.UnaryHandler) (any, error) {
	message, isMessage := request.(proto.Message)
	warehouse, err := warehouseOf(request)
	if !isMessage || err != nil {
		return next(ctx, request)
	}
	c := change{method: m, serve: serve, request: message, warehouse: warehouse}
	switch key := strings.Join(metadata.ValueFromIncomingContext(ctx, IdempotencyKey), ","); {
	case key != "":
		return r.keyed(ctx, c, key)
	case isCommit(m.MethodName):
		return next(ctx, request)
	default:
		return r.unkeyed(ctx, c)
	}
}

// isCommit reports whether a change is one commit, of a table or a namespace.
func isCommit(method string) bool {
	return strings.HasSuffix(method, "UserTable") || strings.HasSuffix(method, "Namespace")
}

// errUnchanged is that of work that found nothing to do, so nothing is recorded.
var errUnchanged = errors.New("nothing was changed")

// unchanged reports that an answer says so.
func unchanged(answer any) bool {
	switch a := answer.(type) {
	case *htsv1.ClaimJobResponse:
		return a.GetEntity() == nil
	case *htsv1.HoldForJobResponse:
		return len(a.GetInTheWay()) > 0
	}
	return false
}

// unkeyed does a change under an operation of its own: one whose answer was lost
// on its way from the database is found by it, and answered as it was done. No
// other delivery can come, so the record holds no answer.
func (r replayed) unkeyed(ctx context.Context, c change) (any, error) {
	var answer any
	var isNew bool
	o := housetable.Operation{ID: newOperationID(time.Now()), Kind: kindOf(c.method)}
	o.Fingerprint = o.ID[:]
	ctx, err := r.prepared(ctx, c)
	if err != nil {
		return nil, err
	}
	_, err = r.store.Once(ctx, c.warehouse, o, func(ctx context.Context, s housetable.Store) (housetable.Outcome, error) {
		var err error
		answer, isNew, err = c.on(ctx, s)
		if err == nil && unchanged(answer) {
			err = errUnchanged
		}
		return housetable.Outcome{Status: statusOf(isNew)}, err
	})
	if err != nil && !errors.Is(err, errUnchanged) {
		return nil, err
	}
	if isNew {
		err = created(ctx)
		return answer, err
	}
	return answer, nil
}

// keyed does a change whose key did not come before.
func (r replayed) keyed(ctx context.Context, c change, key string) (any, error) {
	id, o, err := keyedOperation(caller(ctx), key, c)
	if err != nil {
		return nil, err
	}
	recalled, err := r.recall(ctx, c.warehouse, o.ID).Recall(id, time.Now())
	switch {
	case err != nil:
		return nil, err
	case recalled != nil:
		return answerFrom(ctx, *recalled, o)
	}
	if ctx, err = r.prepared(ctx, c); err != nil {
		return nil, err
	}
	recorded, err := r.store.Once(ctx, c.warehouse, o, func(ctx context.Context, s housetable.Store) (housetable.Outcome, error) {
		answer, isNew, err := c.on(ctx, s)
		if err != nil {
			return housetable.Outcome{}, err
		}
		return successful(answer, isNew)
	})
	if err != nil && lasting(err) {
		failed := failing(err)
		recorded, err = r.store.Once(ctx, c.warehouse, o, func(context.Context, housetable.Store) (housetable.Outcome, error) { return failed, nil })
	}
	if err != nil {
		return nil, err
	}
	return answerFrom(ctx, recorded, o)
}

// prepared does what a change needs before its transaction.
func (r replayed) prepared(ctx context.Context, c change) (context.Context, error) {
	if r.prepare == nil {
		return ctx, nil
	}
	return r.prepare(ctx, c.request)
}

// warehouseOf is the warehouse that a change is about.
func warehouseOf(request any) (string, error) {
	switch r := request.(type) {
	case *htsv1.CreateRoleRequest, *htsv1.DeleteRoleRequest:
		return housetable.ServersPart, nil
	case interface{ GetGrants() []*htsv1.Grant }:
		warehouse, _, err := fromGrants(r.GetGrants())
		return warehouse, err
	case *htsv1.CreateWarehouseRequest:
		return r.GetWarehouse().GetName(), checkWarehouse("warehouse.name", r.GetWarehouse().GetName())
	case interface{ GetWarehouse() string }:
		return warehouseOr(r.GetWarehouse())
	case interface{ GetName() string }:
		return r.GetName(), checkWarehouse("name", r.GetName())
	}
	return "", fault.New(fault.Invalid, "the request names no warehouse")
}

// kindOf is what a record calls a change.
func kindOf(m grpc.MethodDesc) string { return strings.ToLower(m.MethodName[:1]) + m.MethodName[1:] }

// creation is told when a change created what it returns.
type creation struct{ done bool }

type creationKey struct{}

func statusOf(created bool) int32 {
	if created {
		return http.StatusCreated
	}
	return http.StatusOK
}

func successful(answer any, created bool) (housetable.Outcome, error) {
	o := housetable.Outcome{Status: statusOf(created)}
	packed, err := anypb.New(answer.(proto.Message)) //nolint:forcetypeassert // a handler's answer
	if err != nil {
		return o, err
	}
	o.Body, err = proto.Marshal(packed)
	return o, err
}

// lasting reports that an error says what the state was: the answer to a replay,
// too. Any other may not come again.
func lasting(err error) bool {
	switch fault.KindOf(err).HTTPStatus() {
	case http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

func failing(err error) housetable.Outcome {
	o := housetable.Outcome{Status: int32(fault.KindOf(err).HTTPStatus())}
	said := fault.Status(err).Proto()
	if body, err := proto.Marshal(said); err == nil {
		o.Body = body
	}
	return o
}

// answerFrom is the answer that was recorded.
func answerFrom(ctx context.Context, recorded housetable.RecordedOperation, o housetable.Operation) (any, error) {
	if !bytes.Equal(recorded.Fingerprint, o.Fingerprint) {
		return nil, fault.New(fault.OperationReused, "Idempotency-Key was used before, with another request or by somebody else, at %s", recorded.RecordedAt.Format(time.RFC3339))
	}
	if recorded.Outcome.Status >= http.StatusBadRequest {
		said := &statuspb.Status{}
		if err := proto.Unmarshal(recorded.Outcome.Body, said); err != nil {
			return nil, err
		}
		return nil, status.FromProto(said).Err()
	}
	packed := &anypb.Any{}
	if err := proto.Unmarshal(recorded.Outcome.Body, packed); err != nil {
		return nil, err
	}
	if recorded.Outcome.Status == http.StatusCreated {
		if err := created(ctx); err != nil {
			return nil, err
		}
	}
	return packed.UnmarshalNew()
}
