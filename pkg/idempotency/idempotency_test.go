package idempotency_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/idempotency"
)

func TestMade(t *testing.T) {
	at, told := idempotency.Made(uuid.MustParse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")) // RFC 9562, A.6
	if !told || !at.Equal(time.Date(2022, 2, 22, 19, 22, 22, 0, time.UTC)) {
		t.Errorf("made at %s, %v", at, told)
	}
	if _, told := idempotency.Made(uuid.MustParse("919108f7-52d1-4320-9bac-f847db4148a8")); told {
		t.Error("a UUID of version 4 tells a time")
	}
}

func TestRecall(t *testing.T) {
	const kept = time.Hour
	made := time.UnixMilli(1_700_000_000_000)
	key := uuid.MustParse("018bcfe5-6800-7000-8000-000000000000")
	random := uuid.MustParse("018bcfe5-6800-4000-8000-000000000000")
	long := made.Add(-24 * time.Hour)
	broken, record := errors.New("broken"), "record"
	for name, test := range map[string]struct {
		key    uuid.UUID
		age    time.Duration
		kept   time.Duration
		born   time.Time
		record *string
		err    error
		want   *string
		old    bool
	}{
		"younger than is kept":     {key: key, age: kept - 1, kept: kept, born: long},
		"older, and recorded":      {key: key, age: kept, kept: kept, born: long, record: &record, want: &record},
		"older, and not recorded":  {key: key, age: kept, kept: kept, born: long, old: true},
		"older than the warehouse": {key: key, age: kept, kept: kept, born: made.Add(1)},
		"of no time":               {key: random, age: kept, kept: kept, born: long},
		"of any age":               {key: key, age: 1000 * kept, born: long},
		"nobody knows":             {key: key, age: kept, kept: kept, born: long, err: broken},
	} {
		t.Run(name, func(t *testing.T) {
			memory := idempotency.Memory[string]{
				Kept: test.kept, Born: func() (time.Time, error) { return test.born, nil },
				Record: func() (*string, error) { return test.record, test.err },
			}
			got, err := memory.Recall(test.key, made.Add(test.age))
			if got != test.want || !test.old && !errors.Is(err, test.err) || test.old && !fault.Is(err, fault.Unavailable) {
				t.Errorf("recalled %v, %v", got, err)
			}
		})
	}
}
