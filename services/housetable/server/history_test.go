package server_test

// histories are read of a table of the database that the transcript made.
var histories = []exchange{
	{"PUT", "/hts/tables", `{"entity":{"tableId":"h","databaseId":"d1","metadataLocation":"/h/1"}}`, 201, `~"/h/1"`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"h","databaseId":"d1","tableVersion":"/h/1","metadataLocation":"/h/2"}}`, 200, `~"/h/2"`},
	{
		"GET", "/hts/history?key.databaseId=d1&key.tableId=h", "", 200,
		`~^\{"versions":\[\{"version":2,"action":"swap","key":\{"databaseId":"d1","tableId":"h","function":false\},"metadataLocation":"/h/2",` +
			`"committedAt":"20[^"]+","operationId":"[^"]{24}","principal":"","requestId":"[^"]+"\},\{"version":1,"action":"create",.*\}\],"nextPageToken":""\}$`,
	},
	{"GET", "/hts/history?key.databaseId=d1&key.tableId=h&pageSize=1", "", 200, `~^\{"versions":\[\{"version":2,[^]]*\],"nextPageToken":"[\w-]+"\}$`},
	{"GET", "/hts/history?key.databaseId=d1&key.tableId=h&pageSize=1&pageToken={nextPageToken}", "", 200, `~^\{"versions":\[\{"version":1,[^]]*\],"nextPageToken":""\}$`},
	{"GET", "/hts/history?key.databaseId=d1&key.tableId=none", "", 404, `~NOT_FOUND`},
	{"GET", "/hts/history/version?key.databaseId=d1&key.tableId=h&version=1", "", 200, `~^\{"tableVersion":\{"version":1,"action":"create",.*"metadataLocation":"/h/1"`},
	{"GET", "/hts/history/version?key.databaseId=d1&key.tableId=h&asOf=2100-01-01T00:00:00Z", "", 200, `~^\{"tableVersion":\{"version":2,`},
	{"GET", "/hts/history/version?key.databaseId=d1&key.tableId=h&asOf=2001-01-01T00:00:00Z", "", 404, `~did not exist at 2001-01-01T00:00:00Z`},
	{"GET", "/hts/history/version?key.databaseId=d1&key.tableId=h&version=3", "", 404, `~has no version 3`},
	{"GET", "/hts/history/version?key.databaseId=d1&key.tableId=h&version=0", "", 400, `~version: must be positive`},
	{"GET", "/hts/history/version?key.databaseId=d1&key.tableId=h", "", 400, `~version: or as_of must be given`},
	{"GET", "/hts/history/version?key.databaseId=d1&key.tableId=h&asOf=yesterday", "", 400, `~BAD_REQUEST`},
	{"GET", "/hts/history/version?key.databaseId=d1&key.tableId=none&version=1", "", 404, `~NOT_FOUND`},
	{"GET", "/hts/reports?key.databaseId=d1&key.tableId=h", "", 200, `{"reports":[],"nextPageToken":""}`},
	{"GET", "/hts/reports?key.databaseId=d1&key.tableId=h&since=2001-01-01T00:00:00Z&until=2100-01-01T00:00:00Z", "", 200, `{"reports":[],"nextPageToken":""}`},
	{"GET", "/hts/reports?key.databaseId=d1&key.tableId=none", "", 404, `~NOT_FOUND`},
	{"GET", "/hts/reports?key.databaseId=d1&key.tableId=h&pageToken=x", "", 400, `~page_token: `},
	{"GET", "/hts/reports?key.databaseId=d1&key.tableId=h&since=yesterday", "", 400, `~BAD_REQUEST`},
	{"GET", "/hts/export/tables?pageSize=1", "", 200, `~^\{"tables":\[\{"table":\{"key":\{.*\},"location":"","metadataUuid":""\}\],"nextPageToken":"[\w-]+"\}$`},
	{"GET", "/hts/export/tables?softDeleted=true&pageToken=x", "", 400, `~page_token: `},
	{"GET", "/hts/export/tables?warehouse=none", "", 404, `~NOT_FOUND`},
	{"GET", "/hts/events/position", "", 200, `~^\{"position":"[^"]+"\}$`},
	{"GET", "/hts/events/position?warehouse=none", "", 404, `~NOT_FOUND`},
	{"POST", "/hts/export/tables", `{}`, 405, `~METHOD_NOT_ALLOWED`},
	{"POST", "/hts/reports", `{}`, 405, `~METHOD_NOT_ALLOWED`},
	{"POST", "/hts/history/version", `{}`, 405, `~METHOD_NOT_ALLOWED`},
}
