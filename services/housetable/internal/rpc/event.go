package rpc

import (
	"context"
	"regexp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// eventStore is what events need of a store.
type eventStore interface {
	housetable.Outbox
	housetable.Warehouses
}

type eventService struct {
	htsv1.UnimplementedEventServiceServer
	store eventStore
	// ending is closed when the server is about to end.
	ending <-chan struct{}
	// watches has a place for each stream there may be.
	watches chan struct{}
}

func newEventService(store eventStore, ending <-chan struct{}) *eventService {
	return &eventService{store: store, ending: ending, watches: make(chan struct{}, maxWatches)}
}

var consumerName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,128}$`)

func checkConsumer(field, name string) error {
	if !consumerName.MatchString(name) {
		return fault.Field(field, `%q is not a consumer's name: 1 to 128 letters, digits, ".", "-" and "_"`, name)
	}
	return nil
}

// AckEvents keeps how far a consumer got.
func (s *eventService) AckEvents(ctx context.Context, r *htsv1.AckEventsRequest) (*htsv1.AckEventsResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	p, wrong := housetable.ParsePosition("position", r.GetPosition())
	if err := firstError(err, checkConsumer("consumer", r.GetConsumer()), wrong); err != nil {
		return nil, err
	}
	c, err := s.store.Acknowledge(ctx, warehouse, r.GetConsumer(), p)
	if err != nil {
		return nil, err
	}
	return &htsv1.AckEventsResponse{Consumer: toConsumer(c)}, nil
}

// ListConsumers returns all consumers of a warehouse.
func (s *eventService) ListConsumers(ctx context.Context, r *htsv1.ListConsumersRequest) (*htsv1.ListConsumersResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	consumers, err := s.store.Consumers(ctx, warehouse)
	if err != nil {
		return nil, err
	}
	response := &htsv1.ListConsumersResponse{}
	for _, c := range consumers {
		response.Consumers = append(response.Consumers, toConsumer(c))
	}
	return response, nil
}

// DeleteConsumer forgets a consumer.
func (s *eventService) DeleteConsumer(ctx context.Context, r *htsv1.DeleteConsumerRequest) (*htsv1.DeleteConsumerResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkConsumer("name", r.GetName())); err != nil {
		return nil, err
	}
	if err := s.store.DeleteConsumer(ctx, warehouse, r.GetName()); err != nil {
		return nil, err
	}
	return &htsv1.DeleteConsumerResponse{}, nil
}

func toConsumer(c housetable.Consumer) *htsv1.Consumer {
	return &htsv1.Consumer{Name: c.Name, Position: c.Position.String(), AcknowledgedAt: toTime(c.AcknowledgedAt)}
}

func toEvent(e *housetable.Event) *htsv1.Event {
	event := &htsv1.Event{
		Position:                 e.Position.String(),
		Action:                   string(e.Action),
		Kind:                     toKind(e.Kind),
		Key:                      toKey(e.Key),
		Version:                  e.Version,
		MetadataLocation:         e.MetadataLocation,
		PreviousMetadataLocation: e.PreviousMetadataLocation,
		DeletedAtMs:              e.DeletedAtMS,
		CommittedAt:              toTime(e.CommittedAt),
		Principal:                e.Principal,
		RequestId:                e.RequestID,
	}
	if e.Grant != nil {
		event.Grant = toGrant("", *e.Grant)
	}
	if e.Kind != housetable.AnyKind {
		event.Uuid = e.UUID[:]
	}
	if e.PreviousKey != nil {
		event.PreviousKey = toKey(*e.PreviousKey)
	}
	if e.OperationID != (housetable.UUID{}) {
		event.OperationId = e.OperationID[:]
	}
	return event
}
