package catalogtest

// What requests bring.
const (
	schema       = `{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"id","type":"long","required":true}]}`
	tableNew     = `{"name":"new","schema":` + schema + `}`
	stagedNew    = `{"stage-create":true,"name":"new","schema":` + schema + `}`
	setsProperty = `{"requirements":[],"updates":[{"action":"set-properties","updates":{"k":"v"}}]}`
	createdNew   = `{"requirements":[{"type":"assert-create"}],"updates":[{"action":"assign-uuid","uuid":"{uuid}"},{"action":"upgrade-format-version","format-version":2},
		{"action":"add-schema","schema":` + schema + `},{"action":"set-current-schema","schema-id":-1},{"action":"add-spec","spec":{"spec-id":0,"fields":[]}},
		{"action":"set-default-spec","spec-id":-1},{"action":"add-sort-order","sort-order":{"order-id":0,"fields":[]}},
		{"action":"set-default-sort-order","sort-order-id":-1},{"action":"set-location","location":"file://{folder}/{n}/committed"}]}`
	viewNew      = `{"name":"new",` + viewOf + `}`
	viewOf       = `"schema":` + schema + `,"view-version":{"version-id":1,"representations":[{"type":"sql","sql":"select 1","dialect":"spark"}],` + viewVersion + `,"properties":{}`
	viewReplaced = `{"updates":[{"action":"add-view-version","view-version":{"version-id":2,"representations":[{"type":"sql","sql":"select 2","dialect":"spark"}],` + viewVersion + `},{"action":"set-current-view-version","view-version-id":-1}]}`
	viewVersion  = `"timestamp-ms":1700000000000,"schema-id":0,"summary":{"engine-name":"spark"},"default-namespace":["n"]}`
	signsRead    = `{"region":"r","uri":"http://store/lake/x","method":"GET","headers":{"Range":["bytes=0-1"]},"properties":{"k":"v"},"provider":"s3"}`
	signsWrite   = `{"region":"r","uri":"http://store/lake/x","method":"PUT","headers":{"Range":["bytes=0-1"]},"properties":{"k":"v"},"provider":"s3"}`
	function     = `{"function-uuid":%q,"format-version":1,"definitions":[{"definition-id":"(int)","parameters":[{"name":"x","type":"int"}],
		"return-type":"int","current-version-id":1,"versions":[{"version-id":1,"deterministic":true,"representations":[{"type":"sql","dialect":"spark","sql":"x"}]}]}]}`
)

// registers takes over what lies at a location.
func registers(name, location string) string {
	return `{"name":"` + name + `","metadata-location":"` + location + `"}`
}
