package s3test

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// attributes are the flags that tell the server where to keep what it knows of an
// object: with the object's file, as it does by itself; or, where the file system
// under folder keeps no attributes, in a folder beside. There each of them is a folder
// and a file of its own, which is most of the work of creating an object.
func attributes(t testing.TB, folder string) []string {
	t.Helper()
	switch err := unix.Setxattr(folder, "user.s3test", []byte{'1'}, 0); {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOTSUP):
		return []string{"--sidecar", t.TempDir()}
	default:
		t.Fatalf("set an attribute of %s: %v", folder, err)
		return nil
	}
}
