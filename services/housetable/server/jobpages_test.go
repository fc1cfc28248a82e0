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
	{"GET", "/hts/jobs/query?size=100001", "", 400, `~size: is 100001, 100000 are allowed`},
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

// jobWorkers is the life of two jobs whose workers speak REST.
var jobWorkers = []exchange{
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"w1","state":"QUEUED","jobName":"n","clusterId":"c","creationTimeMs":1}}`, 201, `~w1`},
	{"PUT", "/hts/jobs", `{"entity":{"jobId":"w2","state":"QUEUED","jobName":"n","clusterId":"c","creationTimeMs":2}}`, 201, `~w2`},
	{"POST", "/hts/jobs/claim", "", 400, `~lease_seconds: must be from 1 to 86400`},
	{"POST", "/hts/jobs/claim?leaseSeconds=3600", "", 200, `~^\{"entity":\{"jobId":"w1","state":"RUNNING","version":"2".*"creationTimeMs":1,"startTimeMs":\d+,"finishTimeMs":null,"lastUpdateTimeMs":\d+,"jobConf":null,"heartbeatTimeMs":\d+`},
	{"PATCH", "/hts/jobs/heartbeat?jobId=w1", "", 200, `~"version":"2".*"heartbeatTimeMs":\d+`},
	{"PATCH", "/hts/jobs/heartbeat/?jobId=w2", "", 409, `{"status":"CONFLICT","error":"Conflict","message":"job w2 is QUEUED"` + notAvailable},
	{"PATCH", "/hts/jobs/heartbeat?jobId=none", "", 404, `~job none cannot be found`},
	{"PATCH", "/hts/jobs/transition?jobId=w1&toState=SKIPPED", "", 400, `~to_state: \\"SKIPPED\\" is no state that a transition leads to`},
	{"PATCH", "/hts/jobs/transition?jobId=w1&toState=SUCCEEDED&fromStates=QUEUED", "", 400, `~from_states: no transition leads from \\"QUEUED\\" to SUCCEEDED`},
	{"PATCH", "/hts/jobs/transition?jobId=w2&toState=SUCCEEDED", "", 409, `~job w2 is QUEUED`},
	{"PATCH", "/hts/jobs/transition?jobId=w1&toState=CANCELLED&fromStates=QUEUED", "", 409, `~job w1 is RUNNING`},
	{"PATCH", "/hts/jobs/transition?jobId=w1&toState=SUCCEEDED", "", 200, `~"state":"SUCCEEDED","version":"3".*"finishTimeMs":\d+`},
	{"PATCH", "/hts/jobs/transition?jobId=w1&toState=FAILED", "", 409, `~job w1 is SUCCEEDED`},
	{"PATCH", "/hts/jobs/transition?jobId=w2&toState=CANCELLED&fromStates=QUEUED&fromStates=RUNNING&reason=not+needed", "", 200, `~"state":"CANCELLED"`},
	{"PATCH", "/hts/jobs/heartbeat?jobId=w2", "", 409, `~job w2 is CANCELLED: not needed`},
	{"POST", "/hts/jobs/claim?leaseSeconds=3600", "", 200, `{"entity":null,"attempt":0,"attempts":0}`},
	{"GET", "/hts/jobs/claim", "", 405, `~METHOD_NOT_ALLOWED`},
	{"PUT", "/hts/jobs/heartbeat", "{}", 405, `~METHOD_NOT_ALLOWED`},
}
