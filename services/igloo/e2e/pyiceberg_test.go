package e2e_test

import (
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestDemo runs what `make demo` runs, which checks every count against its source.
func TestDemo(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			out := python(t, "demo.py", "--uri", d.URL)
			if !strings.Contains(out, "every count is the source's") {
				t.Errorf("the report has no verdict:\n%s", out)
			}
		})
	}
}

// TestPyIceberg goes through what PyIceberg's users do with a catalog.
func TestPyIceberg(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			out := python(t, "pyiceberg_steps.py", d.URL)
			t.Log(out)
		})
	}
}

// TestPyIcebergOnS3 goes through the same with the warehouse in a bucket.
func TestPyIcebergOnS3(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			s3 := s3test.New(t)
			d := shape.Start(t, "--warehouse-root", "s3://"+s3test.Bucket+"/warehouse", "--s3-endpoint", s3.Endpoint(), "--s3-path-style",
				"--s3-region", s3test.Region, "--s3-access-key-id", s3test.AccessKeyID, "--s3-secret-access-key", s3test.SecretAccessKey)
			out := python(t, "pyiceberg_steps.py", d.URL, "s3.endpoint="+s3.Endpoint(), "s3.region="+s3test.Region,
				"s3.access-key-id="+s3test.AccessKeyID, "s3.secret-access-key="+s3test.SecretAccessKey)
			t.Log(out)
		})
	}
}
