package server_test

// pages are read from a database of four tables.
var pages = []exchange{
	{"POST", "/hts/commit", `{"operations":[{"id":"AAAAAAAAAAAAAAAAAAAABA==","outcome":{"status":200}}],"changes":[{"createNamespace":{"databaseId":"p"}}]}`, 200, `~"p"`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"t1","databaseId":"p","metadataLocation":"/4","storageType":"s3"}}`, 201, `~t1`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"t2","databaseId":"p","metadataLocation":"/3","creationTime":9}}`, 201, `~t2`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"t3","databaseId":"p","metadataLocation":"/Z","creationTime":8}}`, 201, `~t3`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"u_4","databaseId":"p","metadataLocation":"/a"}}`, 201, `~u_4`},
	{
		"GET", "/v1/hts/tables/query?databaseId=p&page=1&size=2", "", 200,
		`{"results":null,"pageResults":{"content":[` +
			`{"deletedAtMs":null,"purgeAfterMs":null,"tableId":"t3","databaseId":"p","tableVersion":"/Z","metadataLocation":"/Z","storageType":"hdfs","creationTime":8},` +
			`{"deletedAtMs":null,"purgeAfterMs":null,"tableId":"u_4","databaseId":"p","tableVersion":"/a","metadataLocation":"/a","storageType":"hdfs","creationTime":null}],` +
			`"pageable":{"sort":{"sorted":true,"empty":false,"unsorted":false},"pageNumber":1,"pageSize":2,"offset":2,"paged":true,"unpaged":false},` +
			`"totalPages":2,"totalElements":4,"last":true,"size":2,"number":1,"sort":{"sorted":true,"empty":false,"unsorted":false},` +
			`"numberOfElements":2,"first":false,"empty":false,"nextPageToken":""}}`,
	},
	{
		"GET", "/v1/hts/tables/query?size=1&sortBy=databaseId", "", 200,
		`~^\{"results":null,"pageResults":\{"content":\[\{"deletedAtMs":null,"purgeAfterMs":null,"tableId":null,"databaseId":"d1","tableVersion":null,"metadataLocation":null,"storageType":null,"creationTime":null\}\],.*"totalPages":2,"totalElements":2,"last":false,`,
	},
	{"GET", "/v1/hts/tables/query?size=1&pageToken={nextPageToken}", "", 200, `~"databaseId":"p".*"last":true,"size":1,"number":1,.*"nextPageToken":""`},
	{"GET", "/v1/hts/tables/query?databaseId=p&tableId=t%25&size=2", "", 200, `~"t1".*"t2".*"totalPages":2,"totalElements":3,"last":false`},
	// A token continues behind what was read, whatever came before it since.
	{"PUT", "/hts/tables", `{"entity":{"tableId":"t0","databaseId":"p","metadataLocation":"/0"}}`, 201, `~t0`},
	{"GET", "/v1/hts/tables/query?databaseId=p&tableId=u%25&size=2&pageToken={nextPageToken}", "", 400, `~belongs to another list`},
	{"GET", "/v1/hts/tables/query?databaseId=p&tableId=t%25&size=2&pageToken={nextPageToken}", "", 200, `~"content":\[\{[^{}]*"t3"[^{}]*\}\].*"offset":2,.*"totalElements":3,"last":true,"size":2,"number":1,"sort".*"numberOfElements":1`},
	{"DELETE", "/hts/tables?databaseId=p&tableId=t0", "", 204, ``},
	// Any field of a row sorts; bytes and not words, what is absent first, equals by name.
	{"GET", "/v1/hts/tables/query?databaseId=p&sortBy=metadataLocation", "", 200, `~"t2".*"t1".*"t3".*"u_4".*"nextPageToken":""`},
	{"GET", "/v1/hts/tables/query?databaseId=p&sortBy=creationTime", "", 200, `~"t1".*"u_4".*"t3".*"t2"`},
	{"GET", "/v1/hts/tables/query?databaseId=p&sortBy=storageType", "", 200, `~"t2".*"t3".*"u_4".*"t1"`},
	{"GET", "/v1/hts/tables/query?databaseId=p&sortBy=version&size=3", "", 200, `~"t1".*"t2".*"t3".*"last":false.*"nextPageToken":""`},
	{"GET", "/v1/hts/tables/query?databaseId=p&sortBy=tableVersion", "", 400, `~sortBy`},
	{"GET", "/v1/hts/tables/query?databaseId=p&sortBy=tableId:desc", "", 400, `~sortBy`},
	{"GET", "/v1/hts/tables/query?sortBy=tableId", "", 400, `~sortBy`},
	{"GET", "/v1/hts/tables/query?databaseId=p&size=0", "", 400, `~size`},
	{"GET", "/v1/hts/tables/query?databaseId=p&size=100000", "", 200, `~"last":true,"size":100000,`},
	{"GET", "/v1/hts/tables/query?databaseId=p&size=100001", "", 400, `~100000 are allowed`},
	{"GET", "/v1/hts/tables/query?databaseId=p&page=-1", "", 400, `~page`},
	{"GET", "/v1/hts/tables/query?databaseId=p&page=2147483647&size=10000", "", 400, `~pageToken`},
	{"GET", "/v1/hts/tables/query?databaseId=p&page=9", "", 200, `~"content":\[\].*"last":true.*"empty":true`},
	{"GET", "/v1/hts/tables/query?databaseId=none", "", 200, `~"content":\[\].*"totalElements":0`},
	{"GET", "/v1/hts/tables/query?tableId=x", "", 400, `~tableId cannot be provided without databaseId`},
	{"GET", "/v1/hts/tables/query?databaseId=p&storageType=s3", "", 400, `~Only databaseId and tableId are supported for the query`},
}
