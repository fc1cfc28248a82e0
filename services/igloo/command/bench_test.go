package command_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBench(t *testing.T) {
	server, _ := serve(t, nil)
	s := at(server)
	short := []string{"bench", "--yes", "--duration", "50ms", "--connections", "2", "--operation"}
	var all []struct {
		Operation    string
		Done, Errors int64
	}
	check(t, json.Unmarshal([]byte(s.ok(t, append(short, "commit, distinct", "--operation", "tableExists", "-o", "json")...)), &all))
	if len(all) != 2 || all[0].Operation != "tableExists" || all[1].Done == 0 || all[1].Errors != 0 {
		t.Errorf("measured %+v", all)
	}
	if lines := strings.Split(s.ok(t, append(short, "config", "--rate", "100")...), "\n"); !strings.HasPrefix(lines[0], "OPERATION ") || !strings.HasPrefix(lines[1], "config ") {
		t.Errorf("shown: %q", lines)
	}
	s.refused(t, "needs --yes", "bench", "--operation", "config")
	s.refused(t, `no name contains one of ["none"]`, append(short, "none")...)
	s.refused(t, "connections is 0, allowed is from 1 to 1000", append(short, "config", "--connections", "0")...)
	s.refused(t, "rate is -1", append(short, "config", "--rate=-1")...)
	s.refused(t, "duration is 0s", append(short, "config", "--duration", "0s")...)
	s.refused(t, "404", "bench", "--yes", "--server", elsewhere(t))
}

// TestBenchOfWhatFails: what a catalog does not do is an error, behind what it did.
func TestBenchOfWhatFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/config" {
			http.Error(w, "not here", http.StatusNotImplemented)
			return
		}
		_, _ = w.Write([]byte(`{"defaults":{},"overrides":{}}`))
	}))
	t.Cleanup(server.Close)
	out, err := at(server.URL).run(t, "bench", "--yes", "--duration", "50ms", "--operation", "config", "--operation", "createNamespace")
	if err == nil || !strings.Contains(err.Error(), "createNamespace: worker") || !strings.Contains(out, "config ") {
		t.Errorf("error %v, shown:\n%s", err, out)
	}
}
