package rpc

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Limits of the wire's fields.
const (
	maxDatabaseIDBytes = 1000
	maxTableIDBytes    = 255
	maxLocationBytes   = 2048
	maxTextBytes       = 1024 // principal, request id, kind, storage type
	maxFingerprint     = 64
	maxPropertyBytes   = 1 << 20
	maxBatchGet        = 1000
	// The ids of OpenHouse's clients are shorter.
	maxUserIDBytes  = 128
	maxJobIDBytes   = 359
	maxJobTextBytes = 128
	maxJobConfBytes = 1 << 20
	// Queued jobs come with commits, many of which go into one statement.
	maxQueuedConfBytes = 64 << 10
	maxAttempts        = 1000
	// maxQueuedDelaySeconds bounds how long queued work may wait.
	maxQueuedDelaySeconds = 30 * 24 * 60 * 60
	maxLocationsKept      = housetable.MaxChanges
)

var (
	warehouseName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	userID        = regexp.MustCompile(`^[a-zA-Z0-9_]+$`)
	userPattern   = regexp.MustCompile(`^%?[a-zA-Z0-9_]+%?$`)
	jobID         = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
)

func checkWarehouse(field, name string) error {
	if !warehouseName.MatchString(name) {
		return fault.Field(field, "%q is not a warehouse name: 1 to 63 lower-case letters, digits, '-' and '_', a letter or digit first", name)
	}
	return nil
}

func checkDatabaseID(field, id string) error {
	return checkID(field, id, maxDatabaseIDBytes)
}

func checkID(field, id string, limit int) error {
	if id == "" {
		return fault.Field(field, "must not be empty")
	}
	return checkText(field, id, limit)
}

// checkText refuses what a database or a log would choke on.
func checkText(field, s string, limit int) error {
	if len(s) > limit {
		return fault.Field(field, "is %d bytes long, %d are allowed", len(s), limit)
	}
	if !utf8.ValidString(s) {
		return fault.Field(field, "is not valid UTF-8")
	}
	for _, r := range s {
		if r < 0x20 || r == 0x7f {
			return fault.Field(field, "contains the control character U+%04X", r)
		}
	}
	return nil
}

func checkLocation(field, location string) error {
	if location == "" {
		return fault.Field(field, "must not be empty")
	}
	return checkText(field, location, maxLocationBytes)
}

// checkHeld checks a location that is to be held; none is none.
func checkHeld(field, location string) error {
	switch segments := strings.Count(location, "/") + 1; {
	case segments > housetable.MaxHeldSegments:
		return fault.Field(field, "has %d segments, %d are allowed", segments, housetable.MaxHeldSegments)
	case strings.HasSuffix(location, "/"):
		return fault.Field(field, "ends with '/'")
	}
	return checkText(field, location, housetable.MaxHeldBytes)
}

// checkUUID turns 16 bytes of the wire into a uuid.
func checkUUID(field string, b []byte) (housetable.UUID, error) {
	if len(b) != len(housetable.UUID{}) {
		return housetable.UUID{}, fault.Field(field, "is %d bytes long, must be 16", len(b))
	}
	return housetable.UUID(b), nil
}

// checkProperties bounds a map as a whole: single values may be long.
func checkProperties(field string, properties map[string]string) error {
	size := 0
	for key, value := range properties {
		if key == "" {
			return fault.Field(field, "has an empty key")
		}
		// The databases hold no NUL; other control characters are a client's own affair in values.
		if !storable(key) || !storable(value) {
			return fault.Field(field, "key or value of %q holds NUL or is not valid UTF-8", key)
		}
		size += len(key) + len(value)
	}
	if size > maxPropertyBytes {
		return fault.Field(field, "is %d bytes long, %d are allowed", size, maxPropertyBytes)
	}
	return nil
}

// checkUpdate checks a change of single properties, none of which may be both
// set and taken away.
func checkUpdate(prefix string, updates map[string]string, removals []string) error {
	err := checkProperties(prefix+"updates", updates)
	for i, key := range removals {
		if _, both := updates[key]; both {
			err = firstError(err, fault.New(fault.Unprocessable, "%sremovals[%d]: %q is among the updates too", prefix, i, key))
		}
		if !storable(key) {
			err = firstError(err, fault.Field(fmt.Sprintf("%sremovals[%d]", prefix, i), "holds NUL or is not valid UTF-8"))
		}
	}
	return err
}

func storable(s string) bool {
	for i := range len(s) {
		if s[i] == 0 {
			return false
		}
	}
	return utf8.ValidString(s)
}

// firstError is the first of the checks that fails, so that a list of checks
// reads as a list.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
