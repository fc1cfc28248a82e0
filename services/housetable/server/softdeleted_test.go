package server_test

// softDeletions is the life of a soft-deleted table, in the database that the
// transcript made.
var softDeletions = []exchange{
	{"PUT", "/hts/tables", `{"entity":{"tableId":"s","databaseId":"d1","metadataLocation":"/s/1","storageType":"s3","creationTime":5}}`, 201, `~"tableId":"s"`},
	{"DELETE", "/v1/hts/tables?databaseId=d1&tableId=s", "", 400, `~isSoftDelete: must be given`},
	{"DELETE", "/v1/hts/tables?databaseId=d1&tableId=s&isSoftDelete=maybe", "", 400, `~BAD_REQUEST`},
	{"DELETE", "/v1/hts/tables?databaseId=d-1&tableId=s&isSoftDelete=true", "", 400, `~only alphanumerics`},
	{"DELETE", "/v1/hts/tables?databaseId=d1&tableId=s&isSoftDelete=true", "", 204, ``},
	{"DELETE", "/v1/hts/tables/?databaseId=d1&tableId=s&isSoftDelete=true", "", 404, `~User table d1.s cannot be found","stacktrace":null,"cause":"Not Available"`},
	{"GET", "/v1/hts/tables?databaseId=d1&tableId=s", "", 405, `~METHOD_NOT_ALLOWED`},
	{"GET", "/hts/tables?databaseId=d1&tableId=s", "", 404, `~NOT_FOUND`},
	{
		"GET", "/hts/tables/querySoftDeleted?databaseId=d1", "", 200,
		`~^\{"results":null,"pageResults":\{"content":\[\{"deletedAtMs":\d+,"purgeAfterMs":\d+,"tableId":"s","databaseId":"d1","tableVersion":"/s/1","metadataLocation":"/s/1","storageType":"s3","creationTime":5\}\],` +
			`"pageable":\{"sort":\{"sorted":true,"empty":false,"unsorted":false\},"pageNumber":0,"pageSize":50,"offset":0,"paged":true,"unpaged":false\},` +
			`"totalPages":1,"totalElements":1,"last":true,"size":50,"number":0,"sort":\{"sorted":true,"empty":false,"unsorted":false\},` +
			`"numberOfElements":1,"first":true,"empty":false,"nextPageToken":""\}\}$`,
	},
	{"GET", "/hts/tables/querySoftDeleted", "", 400, `~databaseId: cannot be empty`},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1&page=-1", "", 400, `~page: must not be negative`},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1&size=0", "", 400, `~size: must be greater than 0`},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1&page=abc", "", 400, `~BAD_REQUEST`},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1&sortBy=nothing", "", 400, `~sortBy`},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1&tableId=s&purgeAfterMs=1", "", 200, `~"content":\[\],.*"totalPages":0,"totalElements":0,"last":true.*"empty":true`},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1&tableId=s&sortBy=purgeAfterMs&purgeAfterMs=99999999999999", "", 200, `~"totalElements":1`},
	// Restored, with its fields, and only once.
	{"PUT", "/hts/tables/restore?databaseId=d1&tableId=s", "", 400, `~deletedAtMs: must be given`},
	{"PUT", "/hts/tables/restore?databaseId=d1&tableId=s&deletedAtMs=1", "", 404, `~Soft deleted user table d1.s with deletedAtMs 1 cannot be found","stacktrace":null,"cause":"Not Available"`},
	{
		"PUT", "/hts/tables/restore?databaseId=d1&tableId=s&deletedAtMs={deletedAtMs}", "", 200,
		`{"entity":{"deletedAtMs":null,"purgeAfterMs":null,"tableId":"s","databaseId":"d1","tableVersion":"/s/1","metadataLocation":"/s/1","storageType":"s3","creationTime":5}}`,
	},
	{"PUT", "/hts/tables/restore?databaseId=d1&tableId=s&deletedAtMs={deletedAtMs}", "", 409, `~Table s already exists","stacktrace":null,"cause":"Not Available"`},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1", "", 200, `~"content":\[\]`},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"s","databaseId":"d1","tableVersion":"/s/1","metadataLocation":"/s/2"}}`, 200, `~"/s/2"`},
	// Two generations, a page each.
	{"DELETE", "/v1/hts/tables?databaseId=d1&tableId=s&isSoftDelete=true", "", 204, ``},
	{"PUT", "/hts/tables", `{"entity":{"tableId":"s","databaseId":"d1","metadataLocation":"/s/3"}}`, 201, `~"/s/3"`},
	{"DELETE", "/v1/hts/tables?databaseId=d1&tableId=s&isSoftDelete=true", "", 204, ``},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1&size=1", "", 200, `~"/s/2".*"totalPages":2,"totalElements":2,"last":false,.*"first":true,.*"nextPageToken":"\w+`},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1&size=1&page=1", "", 200, `~"/s/3".*"offset":1,.*"last":true,"size":1,"number":1,.*"first":false,.*"nextPageToken":""`},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1&page=7", "", 200, `~"content":\[\].*"number":7,.*"numberOfElements":0,"first":false,"empty":true`},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1&pageToken=x", "", 400, `~BAD_REQUEST`},
	{"DELETE", "/hts/tables/purge?databaseId=d1&tableId=s&purgeAfterMs=1", "", 204, ``},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1", "", 200, `~"totalElements":2`},
	{"DELETE", "/hts/tables/purge?databaseId=d1&tableId=s", "", 204, ``},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1", "", 200, `~"totalElements":0`},
	{"DELETE", "/hts/tables/purge?databaseId=d1&tableId=s", "", 204, ``},
	{"DELETE", "/hts/tables/purge?databaseId=d1&tableId=s%25", "", 400, `~only alphanumerics`},
	// A commit that names no time to purge after has the service's.
	{"PUT", "/hts/tables", `{"entity":{"tableId":"s","databaseId":"d1","metadataLocation":"/s/4"}}`, 201, `~"/s/4"`},
	{"POST", "/hts/commit", `{"operations":[{"id":"AAAAAAAAAAAAAAAAAAAACQ==","outcome":{"status":204}}],"changes":[{"dropTable":{"key":{"databaseId":"d1","tableId":"s"},"soft":true}}]}`, 200, `~"purgeAfterMs":[1-9]\d{12}`},
	{"DELETE", "/hts/tables/purge?databaseId=d1&tableId=s", "", 204, ``},
	// Deleted for good.
	{"DELETE", "/v1/hts/tables?databaseId=d1&tableId=abc&isSoftDelete=false", "", 204, ``},
	{"GET", "/hts/tables/querySoftDeleted?databaseId=d1", "", 200, `~"totalElements":0`},
}
