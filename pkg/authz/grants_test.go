package authz_test

import (
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/authz/authztest"
)

func TestGrantsDecideByTheBook(t *testing.T) {
	t.Parallel()
	authztest.Suite{Open: func(t authztest.Fatal, w authztest.World) authz.Decider {
		t.Helper()
		grants, err := authz.NewGrants(authz.NewFollower(w.Journal(), time.Minute), w.Administrators...)
		if err != nil {
			t.Fatalf("%v", err)
		}
		return grants
	}}.Run(t)
}
