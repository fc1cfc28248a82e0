package rpc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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
// one transaction with the record of its answer.
type replayed struct {
	to grpc.ServiceRegistrar
	scope
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
	for _, read := range []string{"Get", "List", "Query", "Page"} {
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
				return r.once(ctx, m, serve, request, next)
			}
			if interceptor == nil {
				return once(ctx, request)
			}
			return interceptor(ctx, request, info, once)
		})
	}
}

// once does what a request with a key asks for, or answers as it was answered
// before. One without a key, or of no warehouse's, goes on as it came.
func (r replayed) once(ctx context.Context, m grpc.MethodDesc, serve func(scope) any, request any, next grpc.UnaryHandler) (any, error) {
	message, isMessage := request.(proto.Message)
	key := strings.Join(metadata.ValueFromIncomingContext(ctx, IdempotencyKey), ",")
	warehouse, err := warehouseOf(request)
	if key == "" || !isMessage || err != nil {
		return next(ctx, request)
	}
	o, err := keyedOperation(key, warehouse, m.MethodName, message)
	if err != nil {
		return nil, err
	}
	recorded, err := r.store.Once(ctx, warehouse, o, func(ctx context.Context, s housetable.Store) (housetable.Outcome, error) {
		made := &creation{}
		server := serve(scope{store: s, commits: alone{s}})
		again := func(target any) error { proto.Merge(target.(proto.Message), message); return nil } //nolint:forcetypeassert // generated
		answer, err := m.Handler(server, context.WithValue(ctx, creationKey{}, made), again, nil)
		if err != nil {
			return housetable.Outcome{}, err
		}
		return successful(answer, made.done)
	})
	if err != nil && lasting(err) {
		failed := failing(err)
		recorded, err = r.store.Once(ctx, warehouse, o, func(context.Context, housetable.Store) (housetable.Outcome, error) { return failed, nil })
	}
	if err != nil {
		return nil, err
	}
	return answerFrom(ctx, recorded, o)
}

// warehouseOf is the warehouse that a change is about.
func warehouseOf(request any) (string, error) {
	switch r := request.(type) {
	case *htsv1.CreateWarehouseRequest:
		return r.GetWarehouse().GetName(), checkWarehouse("warehouse.name", r.GetWarehouse().GetName())
	case interface{ GetWarehouse() string }:
		return warehouseOr(r.GetWarehouse())
	case interface{ GetName() string }:
		return r.GetName(), checkWarehouse("name", r.GetName())
	}
	return "", fault.New(fault.Invalid, "the request names no warehouse")
}

// keyedOperation has an id that begins as the key does, with its time, so that
// records stay in the order of time.
func keyedOperation(key, warehouse, kind string, request proto.Message) (housetable.Operation, error) {
	o := housetable.Operation{Kind: strings.ToLower(kind[:1]) + kind[1:]}
	wrong := fault.Field("Idempotency-Key", "must be a UUID of 36 characters")
	if len(key) != 36 || key[8] != '-' || key[13] != '-' || key[18] != '-' || key[23] != '-' {
		return o, wrong
	}
	id, err := hex.DecodeString(strings.ReplaceAll(key, "-", ""))
	if err != nil || len(id) != len(o.ID) {
		return o, wrong
	}
	sum := sha256.Sum256([]byte("house tables\x00" + warehouse + "\x00" + strings.ToLower(key)))
	copy(o.ID[:], id)
	copy(o.ID[6:], sum[:])
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return o, fault.Wrap(fault.Invalid, err, "the request cannot be read")
	}
	fingerprint := sha256.Sum256(append([]byte(kind+"\x00"), encoded...))
	o.Fingerprint = fingerprint[:]
	return o, nil
}

// creation is told when a change created what it returns.
type creation struct{ done bool }

type creationKey struct{}

func successful(answer any, created bool) (housetable.Outcome, error) {
	o := housetable.Outcome{Status: http.StatusOK}
	if created {
		o.Status = http.StatusCreated
	}
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
		return nil, fault.New(fault.OperationReused, "Idempotency-Key was used before with another request, at %s", recorded.RecordedAt.Format(time.RFC3339))
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
