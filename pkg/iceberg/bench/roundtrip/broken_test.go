package roundtrip

// broken are the documents that are refused, and why. Most were made to be refused,
// or are templates. Two kinds iceberg-go reads, and Java does not: a snapshot
// without manifest list, and a v1 table that does not say which of its specs is
// the default.
func broken() map[string]string {
	broken := map[string]string{}
	for reason, names := range map[string][]string{
		`current-schema-id: found 2, which is not among the schemas`: {
			"table/metadata_internal_test.go:890",
			"table/testdata/TableMetadataV2CurrentSchemaNotFound.json",
		},
		`current-schema-id: is missing`: {
			"table/testdata/TableMetadataV2MissingSchemas.json",
		},
		`current-snapshot-id: found -1, main is at 1`: {
			"table/metadata_internal_test.go:2397",
		},
		`current-snapshot-id: found 1, main is at 2`: {
			"table/metadata_internal_test.go:2297",
		},
		`current-version-id: found 1, which is not among the versions`: {
			"view/metadata_test.go:437",
		},
		`current-version-id: is missing`: {
			"view/metadata_test.go:619",
		},
		`default-sort-order-id: is missing`: {
			"table/testdata/TableMetadataV2MissingSortOrder.json",
		},
		`default-spec-id: is missing, and there are 2 partition-specs`: {
			"table/testdata/TableMetadataV1PartitionSpecsWithoutDefaultId.json",
		},
		`default-spec-id: found 1, which is not among the partition specs`: {
			"table/metadata_internal_test.go:1437",
		},
		`default-spec-id: is missing`: {
			"table/testdata/TableMetadataV2MissingPartitionSpecs.json",
		},
		`format-version: found -1, 1 and above are allowed`: {
			"table/metadata_internal_test.go:864",
		},
		`format-version: found 0, 1 is allowed`: {
			"view/metadata_test.go:402",
		},
		`format-version: found 2, 1 is allowed`: {
			"view/metadata_test.go:414",
		},
		`last-column-id: is missing`: {
			"table/metadata_internal_test.go:1967",
			"table/metadata_internal_test.go:2025",
		},
		`last-partition-id: is missing`: {
			"table/metadata_internal_test.go:1841",
			"table/testdata/TableMetadataV2MissingLastPartitionId.json",
		},
		`location: is missing`: {
			"view/metadata_test.go:362",
		},
		`refs: foo: snapshot 2 is not among the snapshots`: {
			"table/metadata_internal_test.go:2482",
		},
		`schemas[0].fields[0].initial-default: found true, a value of type "long" is allowed`: {
			"view/metadata_test.go:759",
		},
		`schemas[0].fields[0].type: found "decimal(%d, %d)", which is not a type of Iceberg`: {
			"table/internal/parquet_files_test.go:953",
		},
		`snapshots[0].manifest-list: is missing`: {
			"cmd/iceberg/output_test.go:420",
			"cmd/iceberg/output_test.go:466",
			"table/metadata_internal_test.go:181",
			"table/metadata_internal_test.go:802",
		},
		`snapshots[0]: sequence-number: found 4, up to the last sequence number 1 is allowed`: {
			"table/metadata_internal_test.go:2572",
		},
		`versions[0].summary: is missing`: {
			"view/metadata_builder_test.go:674",
			"view/metadata_test.go:455",
			"view/metadata_test.go:473",
			"view/metadata_test.go:491",
			"view/metadata_test.go:509",
			"view/metadata_test.go:543",
			"view/metadata_test.go:555",
			"view/metadata_test.go:579",
			"view/metadata_test.go:600",
			"view/metadata_test.go:636",
		},
	} {
		for _, name := range names {
			broken[name] = reason
		}
	}
	return broken
}
