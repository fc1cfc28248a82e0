// Package roundtrip puts every metadata document of iceberg-go's own tests through
// pkg/iceberg: those that are right come through a commit with each byte that it
// does not change, those that are broken are refused for the reason given here.
// It reads iceberg-go's files and links none of it, so that it takes seconds:
//
//	cd pkg/iceberg/bench && GOWORK=off go test ./roundtrip
package roundtrip
