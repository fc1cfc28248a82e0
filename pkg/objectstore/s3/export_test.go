package s3

import "context"

// MaxKnown is how many destinations are remembered.
const MaxKnown = maxKnown

// Known is how many destinations are remembered now.
func (s *Store) Known() int { return len(s.straight.known) }

// Destination is where a straight put for a bucket goes, and for what it is signed.
func (s *Store) Destination(ctx context.Context, bucket string) (url, service, region string, err error) {
	to, err := s.straight.destination(ctx, bucket)
	return to.url, to.service, to.region, err
}
