package conformance_test

import (
	"path/filepath"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// runFuzzing sends every route of the protocol's OpenAPI document requests that
// schemathesis makes: python/test_every_route.py says what must hold.
func runFuzzing(t *testing.T, b *bench) []outcome {
	t.Helper()
	document, err := filepath.Abs(filepath.Join("openapi", "rest-catalog-open-api.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return runScript(t, b, "test_every_route.py", b.shape.Start(t), "IGLOO_OPENAPI="+document)
}

// runSpark goes through what people do with Spark SQL: python/test_spark.py.
func runSpark(t *testing.T, b *bench) []outcome {
	t.Helper()
	return runScript(t, b, "test_spark.py", b.shape.Start(t), "IGLOO_SPARK_JAR="+b.installed(t, "java", "spark.jar"))
}

// runSparkS3 has Spark work on tables in S3 without a key of its own:
// python/test_spark_s3.py.
func runSparkS3(t *testing.T, b *bench) []outcome {
	t.Helper()
	store := s3test.NewWithSTS(t)
	d := b.shape.Start(t,
		"--warehouse-root", "s3://"+s3test.Bucket+"/warehouse", "--s3-endpoint", store.Endpoint(), "--s3-path-style",
		"--s3-region", s3test.Region, "--s3-access-key-id", s3test.AccessKeyID, "--s3-secret-access-key", s3test.SecretAccessKey,
		"--s3-role-arn", "arn:aws:iam::000000000000:role/tables", "--s3-sts-endpoint", store.STS())
	return runScript(t, b, "test_spark_s3.py", d,
		"IGLOO_SPARK_JAR="+b.installed(t, "java", "spark.jar"), "IGLOO_S3_JAR="+b.installed(t, "java", "s3.jar"),
		"AWS_ENDPOINT_URL_S3="+store.Endpoint(), "AWS_REGION="+s3test.Region,
		"AWS_ACCESS_KEY_ID="+s3test.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s3test.SecretAccessKey)
}

// runScript runs tests of our own that are in Python, as their engines are.
func runScript(t *testing.T, b *bench, script string, d *iglootest.Deployment, env ...string) []outcome {
	t.Helper()
	b.client(t, proctest.Command{
		Path: b.installed(t, "python", "bin", "python"),
		Args: []string{
			"-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "--timeout", "300",
			"--junitxml", filepath.Join(b.reports, "tests.xml"), script,
		},
		Dir: "python",
		Env: append([]string{"PYTHONDONTWRITEBYTECODE=1", "IGLOO_URL=" + d.URL}, env...),
	})
	return readJUnit(t, b.reports)
}
