package report

// Names of contestants.
const (
	OnS3        = "Igloo, two services, S3"
	OnFiles     = "Igloo, two services, local files"
	Embedded    = "igloo serve, local files"
	FarAway     = "Igloo, two services, S3 20 ms away"
	Replicas    = "Igloo, two of each service, S3"
	FewTables   = "Igloo, two services, 1,000 tables"
	ManyTables  = "Igloo, two services, 1,000,000 tables"
	Fixture     = "Iceberg's fixture 1.11.0"
	Nessie      = "Nessie 0.99.0"
	SameBytes   = "net/http, the same bytes"
	Echo        = "gRPC, a call that does nothing"
	BareSelect  = "pgbench, select of a row"
	BareUpdate  = "pgbench, conditional update"
	SyncedFiles = "files created and synced"
	BareCommit  = "a commit's steps, no catalog"
)

// Sixteen is the number of connections that ratios are taken at.
const Sixteen = 16

// AmongMany is the load of any of a warehouse's tables.
const AmongMany = "loadTable, any of the tables"

// isPeer tells other catalogs from Igloo and from limits.
func isPeer(contestant string) bool {
	switch contestant {
	case OnS3, OnFiles, Embedded, FarAway, Replicas, FewTables, ManyTables, SameBytes, Echo, BareSelect, BareUpdate, SyncedFiles, BareCommit:
		return false
	}
	return true
}
