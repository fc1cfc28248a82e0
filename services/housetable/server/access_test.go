package server_test

// accesses are grants and roles, of the namespace acc in the default warehouse.
var accesses = []exchange{
	{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"acc"}}`, 201, `~acc`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"t","databaseId":"acc","metadataLocation":"/acc/t"}}`, 201, `~"tableId":"t"`},
	{
		"POST", "/hts/access/roles", `{"role":{"name":"readers","description":"who reads"}}`, 201,
		`~^\{"role":\{"name":"readers","description":"who reads","createdAt":"[^"]+Z"\}\}$`,
	},
	{
		"POST", "/hts/access/roles/", `{"role":{"name":"readers"}}`, 409,
		`{"status":"CONFLICT","error":"Conflict","message":"role \"readers\" exists already"` + notAvailable,
	},
	{"POST", "/hts/access/roles", `{"role":{"name":"no such name"}}`, 400, `~role.name`},
	{"GET", "/hts/access/roles/readers", "", 200, `~"description":"who reads"`},
	{"GET", "/hts/access/roles/none", "", 404, `{"status":"NOT_FOUND","error":"Not Found","message":"role \"none\" does not exist"` + notAvailable},
	{"GET", "/hts/access/roles", "", 200, `~^\{"roles":\[\{"name":"readers",[^]]*\],"nextPageToken":""\}$`},
	{"PATCH", "/hts/access/roles/readers", `{}`, 405, `~METHOD_NOT_ALLOWED`},
	{
		"POST", "/hts/access/grants", `{"grants":[{"object":{"kind":"namespace","databaseId":"acc"},"grantee":"role:readers","privilege":"select"},` +
			`{"object":{"kind":"table","warehouse":"default","databaseId":"acc","tableId":"t"},"grantee":"user:corp:alice","privilege":"write"}]}`, 204, ``,
	},
	{"POST", "/hts/access/grants", `{"grants":[{"object":{"kind":"role","role":"readers"},"grantee":"group:corp:analysts","privilege":"member"},{"object":{"kind":"server"},"grantee":"everyone","privilege":"list"}]}`, 204, ``},
	{"POST", "/hts/access/grants", `{"grants":[{"object":{"kind":"role","role":"readers"},"grantee":"everyone","privilege":"member"},{"object":{"kind":"warehouse"},"grantee":"everyone","privilege":"list"}]}`, 400, `~grants\[1\].object: is of warehouse default, and those before it of the server`},
	{"POST", "/hts/access/grants", `{"grants":[]}`, 400, `~grants: has 0 entries, 1 to 100 are allowed`},
	{"POST", "/hts/access/grants", `{"grants":[{"object":{"kind":"database","databaseId":"acc"},"grantee":"everyone","privilege":"list"}]}`, 400, `~grants\[0\].object.kind`},
	{"POST", "/hts/access/grants", `{"grants":[{"object":{"kind":"namespace","databaseId":"acc","tableId":"t"},"grantee":"everyone","privilege":"list"}]}`, 400, `~grants\[0\].object.table_id: must be empty`},
	{"POST", "/hts/access/grants", `{"grants":[{"object":{"kind":"namespace","databaseId":"acc"},"grantee":"alice","privilege":"list"}]}`, 400, `~grants\[0\].grantee`},
	{"POST", "/hts/access/grants", `{"grants":[{"object":{"kind":"namespace","databaseId":"acc"},"grantee":"everyone","privilege":"member"}]}`, 400, `~grants\[0\].privilege`},
	{"POST", "/hts/access/grants", `{"grants":[{"object":{"kind":"namespace","databaseId":"none"},"grantee":"everyone","privilege":"list"}]}`, 404, `~namespace \\"none\\" does not exist`},
	{"POST", "/hts/access/grants", `{"grants":[{"object":{"kind":"view","databaseId":"acc","tableId":"t"},"grantee":"everyone","privilege":"select"}]}`, 404, `~view acc.t does not exist`},
	{"POST", "/hts/access/grants", `{"grants":[{"object":{"kind":"warehouse"},"grantee":"role:none","privilege":"list"}]}`, 404, `~role \\"none\\" does not exist`},
	{
		"GET", "/hts/access/grants?object.kind=table&object.databaseId=acc&object.tableId=t", "", 200,
		`~^\{"grants":\[\{"object":\{"kind":"table","warehouse":"default","databaseId":"acc","tableId":"t","role":""\},"grantee":"user:corp:alice","privilege":"write","grantedBy":"","grantedAt":"[^"]+Z"\}\],"nextPageToken":""\}$`,
	},
	{"GET", "/hts/access/grants?object.kind=warehouse&within=true&pageSize=1", "", 200, `~^\{"grants":\[\{[^]]*\],"nextPageToken":"\w+`},
	{"GET", "/hts/access/grants?object.kind=warehouse&within=true&pageSize=1&pageToken={nextPageToken}", "", 200, `~"tableId":"t"`},
	{"GET", "/hts/access/grants?object.kind=server&within=true&grantee=group:corp:analysts", "", 200, `~^\{"grants":\[\{"object":\{"kind":"role","warehouse":"","databaseId":"","tableId":"","role":"readers"\},"grantee":"group:corp:analysts","privilege":"member"`},
	{"GET", "/hts/access/grants?object.kind=namespace&object.databaseId=acc&within=true", "", 400, `~within`},
	{"GET", "/hts/access/grants?object.kind=namespace&object.databaseId=none", "", 404, `~NOT_FOUND`},
	{"DELETE", "/hts/access/grants", "", 405, `~METHOD_NOT_ALLOWED`},
	{
		"GET", "/hts/access/explanation?principal=corp:alice&groups=corp:analysts&privilege=select&object.kind=table&object.databaseId=acc&object.tableId=t", "", 200,
		`~^\{"allowed":true,"reasons":\[\{"because":"unrestricted"`,
	},
	{"GET", "/hts/access/explanation?principal=alice&privilege=select&object.kind=server", "", 400, `~principal`},
	{"GET", "/hts/access/explanation?principal=corp:alice&groups=other:g&privilege=select&object.kind=server", "", 400, `~groups\[0\]`},
	{"GET", "/hts/access/explanation?privilege=select&object.kind=table&object.databaseId=acc&object.tableId=none", "", 404, `~table acc.none does not exist`},
	{"DELETE", "/hts/access/roles/readers", "", 409, `~role \\"readers\\" is still granted something`},
	{"POST", "/hts/access/revocations", `{"grants":[{"object":{"kind":"namespace","databaseId":"acc"},"grantee":"role:readers","privilege":"select"}],"wait":true}`, 204, ``},
	{"GET", "/hts/access/grants?object.kind=namespace&object.databaseId=acc", "", 200, `{"grants":[],"nextPageToken":""}`},
	{"DELETE", "/hts/access/roles/readers", "", 204, ``},
	{"DELETE", "/hts/access/roles/readers", "", 404, `~role \\"readers\\" does not exist`},
	{"GET", "/hts/access/grants?object.kind=server&within=true", "", 200, `~^\{"grants":\[\{"object":\{"kind":"server"[^]]*\],"nextPageToken":""\}$`},
	{"PUT", "/hts/access/explanation", `{}`, 405, `~METHOD_NOT_ALLOWED`},
}
