package gateway

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// errorBody is the body of every error: five keys, as OpenHouse writes them.
type errorBody struct {
	Status     string  `json:"status"`
	Error      string  `json:"error"`
	Message    string  `json:"message"`
	Stacktrace *string `json:"stacktrace"`
	Cause      *string `json:"cause"`
}

// fromGRPC is the error of a call, or of a request that never became one.
func fromGRPC(r *http.Request, err error) error {
	if s, ok := status.FromError(err); ok && s.Code() == codes.InvalidArgument && len(s.Details()) == 0 {
		return fault.New(fault.Invalid, "%s", plain(s.Message())) // made by the router: an unparsable parameter or body
	}
	lost := fault.Unavailable
	if r.Method != http.MethodGet {
		lost = fault.UnknownOutcome
	}
	return fault.FromStatus(err, lost)
}

// plain undoes the no-break spaces that protobuf puts into its messages.
func plain(message string) string { return strings.ReplaceAll(message, "\u00a0", " ") }

// noRoute is the error of a path or a method that is not served.
func noRoute(w http.ResponseWriter, r *http.Request) error {
	methods := allowed(r.URL.EscapedPath())
	if methods == "" {
		return fault.New(fault.NoSuchRoute, "nothing is served at %s", r.URL.Path)
	}
	w.Header().Set("Allow", methods)
	return fault.New(fault.MethodNotAllowed, "%s is not served at %s; %s are", r.Method, r.URL.Path, methods)
}

// allowed are the methods served at a path, "" when there are none.
func allowed(path string) string {
	switch path = strings.TrimSuffix(path, "/"); path {
	case "/hts/tables", "/hts/jobs":
		return "GET, HEAD, PUT, DELETE"
	case "/hts/tables/query", "/v1/hts/tables/query", "/hts/tables/querySoftDeleted", "/hts/jobs/query", "/hts/history", "/hts/history/version", "/hts/export/tables", "/hts/events/position", "/hts/reports", "/hts/togglestatuses", "/hts/access/explanation":
		return "GET, HEAD"
	case "/v1/hts/tables", "/hts/tables/purge":
		return "DELETE"
	case "/hts/tables/rename", "/hts/jobs/heartbeat", "/hts/jobs/transition":
		return "PATCH"
	case "/hts/tables/restore":
		return "PUT"
	case "/hts/warehouses", "/hts/namespaces", "/hts/access/grants", "/hts/access/roles":
		return "GET, HEAD, POST"
	case "/hts/commit", "/hts/jobs/claim", "/hts/access/revocations":
		return "POST"
	}
	if name, ok := strings.CutPrefix(path, "/hts/warehouses/"); ok {
		if name, action, deeper := strings.Cut(name, "/"); deeper && name != "" && (action == "check" || action == "reseal") {
			return "POST"
		}
	}
	for _, prefix := range []string{"/hts/warehouses/", "/hts/namespaces/"} {
		if name, ok := strings.CutPrefix(path, prefix); ok && !strings.Contains(name, "/") {
			return "GET, HEAD, PATCH, DELETE"
		}
	}
	if name, ok := strings.CutPrefix(path, "/hts/access/roles/"); ok && !strings.Contains(name, "/") {
		return "GET, HEAD, DELETE"
	}
	return ""
}

// cause is null for a table that a read did not find and "Not Available" for all else,
// as OpenHouse has it.
func cause(r *http.Request, err error) *string {
	if fault.Is(err, fault.NoSuchTable) && r.Method == http.MethodGet {
		return nil
	}
	unknown := "Not Available"
	return &unknown
}

// Fail answers an error of what stands in front of the gateway.
func Fail(w http.ResponseWriter, r *http.Request, err error) { writeError(w, r, err) }

func writeError(w http.ResponseWriter, r *http.Request, err error) {
	audit.From(r.Context()).Fail(err)
	code := fault.KindOf(err).HTTPStatus()
	reason := http.StatusText(code)
	body, failure := json.Marshal(errorBody{
		Status:  strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(reason)),
		Error:   reason,
		Message: fault.Shown(err),
		Cause:   cause(r, err),
	})
	if failure != nil { // strings always marshal
		code, body = http.StatusInternalServerError, nil
	}
	if after := retryAfter(err); after != "" {
		w.Header().Set("Retry-After", after)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body) // the client is gone if this fails
}

func retryAfter(err error) string {
	var e *fault.Error
	if !errors.As(err, &e) || e.RetryAfter <= 0 {
		return ""
	}
	return strconv.Itoa(max(1, int(e.RetryAfter.Seconds())))
}
