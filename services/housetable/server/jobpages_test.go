package server_test

// jobPages are read from four jobs.
var jobPages = []exchange{
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"p1","state":"DONE","jobName":"a","clusterId":"c1","jobConf":"{\"x\":1}","executionId":"e","creationTimeMs":5000000}}`, 201, `~p1`},
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"p2","state":"DONE","jobName":"b","clusterId":"c1","jobConf":"{\"x\":2}","creationTimeMs":6000000}}`, 201, `~p2`},
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"p3","state":"DONE","jobName":"a","clusterId":"c2","heartbeatTimeMs":7}}`, 201, `~p3`},
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"p4","state":"DONE","jobName":"a","clusterId":"c1","creationTimeMs":5000000}}`, 201, `~p4`},
	{
		"GET", "/hts/jobs/query?state=DONE&jobName=a&size=1", "", 200,
		`~^\{"results":null,"pageResults":\{"content":\[\{"jobId":"p1","state":"DONE","version":"1",[^{}]*"jobConf":"\{\\"x\\":1\}",[^{}]*\}\],"nextPageToken":"[\w-]+"\}\}$`,
	},
	{"GET", "/hts/jobs/query?state=DONE&size=1&pageToken={nextPageToken}", "", 400, `~belongs to another list`},
	{"GET", "/hts/jobs/query?state=DONE&jobName=b&size=1&pageToken={nextPageToken}", "", 400, `~belongs to another list`},
	// A token continues behind what was read, whatever came before it since.
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"p0","state":"DONE","jobName":"a","clusterId":"c1"}}`, 201, `~p0`},
	{"GET", "/hts/jobs/query/?jobName=a&state=DONE&size=1&pageToken={nextPageToken}", "", 200, `~"content":\[\{"jobId":"p3"[^\]]*\],"nextPageToken":"[\w-]+"`},
	{"GET", "/hts/jobs/query?jobName=a&state=DONE&pageToken={nextPageToken}", "", 200, `~"content":\[\{"jobId":"p4"[^\]]*\],"nextPageToken":""\}\}$`},
	{"GET", "/hts/jobs/query?creationTimeMs=5000000&size=1", "", 200, `~"p1".*"nextPageToken":"[\w-]+"`},
	{"GET", "/hts/jobs/query?creationTimeMs=6000000&size=1&pageToken={nextPageToken}", "", 400, `~belongs to another list`},
	{"GET", "/hts/jobs/query?creationTimeMs=5000000&size=5&pageToken={nextPageToken}", "", 200, `~"content":\[\{"jobId":"p4"`},
	{"GET", "/hts/jobs/query?state=none&size=5", "", 200, `{"results":null,"pageResults":{"content":[],"nextPageToken":""}}`},
	{"GET", "/hts/jobs/query?version=abc&size=5", "", 200, `{"results":null,"pageResults":{"content":[],"nextPageToken":""}}`},
	{"GET", "/hts/jobs/query?version=abc", "", 200, `{"results":[],"pageResults":null}`},
	{"GET", "/hts/jobs/query?size=0", "", 400, `~size: must be greater than 0`},
	{"GET", "/hts/jobs/query?size=10001", "", 400, `~size: is 10001, 10000 are allowed`},
	{"GET", "/hts/jobs/query?size=x", "", 400, `~BAD_REQUEST`},
	{"GET", "/hts/jobs/query?pageToken=x", "", 400, `~page_token: is not a token of this service`},
	// All at once, by any field; what is absent in a row equals nothing.
	{"GET", "/hts/jobs/query?clusterId=c2", "", 200, `~^\{"results":\[\{"jobId":"p3"[^\]]*\],"pageResults":null\}$`},
	{"GET", "/hts/jobs/query?jobConf=%7B%22x%22:2%7D", "", 200, `~^\{"results":\[\{"jobId":"p2"[^\]]*\],"pageResults":null\}$`},
	{"GET", "/hts/jobs/query?executionId=e&version=1", "", 200, `~^\{"results":\[\{"jobId":"p1"[^\]]*\],"pageResults":null\}$`},
	{"GET", "/hts/jobs/query?heartbeatTimeMs=7", "", 200, `~^\{"results":\[\{"jobId":"p3"[^\]]*\],"pageResults":null\}$`},
	{"GET", "/hts/jobs/query?jobId=p2&state=done", "", 200, `{"results":[],"pageResults":null}`},
	{"GET", "/hts/jobs/query?status=none&jobId=p2", "", 200, `~"p2"`},
	{"GET", "/hts/jobs/query?creationTimeMs=abc", "", 400, `~BAD_REQUEST`},
}
