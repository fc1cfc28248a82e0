package rpc

import (
	"context"
	"encoding/hex"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Limits of reports. Pages are small, as reports may be large.
const (
	maxReports         = 1000
	maxReportBytes     = 256 << 10
	maxReportTypeBytes = 255
	defaultReportPage  = 20
	maxReportPage      = 100
	maxReportPageBytes = 4 << 20
)

type reportService struct {
	htsv1.UnimplementedReportServiceServer
	store   housetable.Store
	options Options
}

// RecordReports keeps reports of house tables that exist. One that is none costs
// the others nothing.
func (s *reportService) RecordReports(ctx context.Context, r *htsv1.RecordReportsRequest) (*htsv1.RecordReportsResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	if n := len(r.GetReports()); n > maxReports {
		return nil, fault.Field("reports", "has %d entries, %d are allowed", n, maxReports)
	}
	response := &htsv1.RecordReportsResponse{}
	reports := make([]housetable.Report, 0, len(r.GetReports()))
	for i, report := range r.GetReports() {
		field := fmt.Sprintf("reports[%d]", i)
		converted, err := fromReport(field, report)
		if err != nil {
			response.Refused = append(response.Refused, err.Error())
			continue
		}
		if converted.Principal, err = s.options.principal(ctx, field+".principal", report.GetPrincipal()); err != nil {
			return nil, err
		}
		reports = append(reports, converted)
	}
	response.Recorded, err = s.store.RecordReports(ctx, warehouse, reports)
	return response, err
}

func fromReport(field string, r *htsv1.MetricsReport) (housetable.Report, error) {
	id, err := checkUUID(field+".id", r.GetId())
	if err == nil && id[6]>>4 != 7 {
		err = fault.Field(field+".id", "is a UUID of version %d, must be of version 7", id[6]>>4)
	}
	report := housetable.Report{
		ID: id, Key: fromKey(r.GetKey()), Type: r.GetReportType(), Body: r.GetBody(), Principal: r.GetPrincipal(), RequestID: r.GetRequestId(),
	}
	return report, firstError(err, checkKey(field+".key", r.GetKey()), checkText(field+".report_type", r.GetReportType(), maxReportTypeBytes),
		checkReportBody(field+".body", r.GetBody()), checkText(field+".principal", r.GetPrincipal(), maxTextBytes),
		checkText(field+".request_id", r.GetRequestId(), maxTextBytes))
}

func checkReportBody(field, body string) error {
	switch {
	case len(body) > maxReportBytes:
		return fault.Field(field, "is %d bytes long, %d are allowed", len(body), maxReportBytes)
	case !storable(body):
		return fault.Field(field, "holds NUL or is not valid UTF-8")
	}
	return nil
}

// ListReports returns a page, newest first.
func (s *reportService) ListReports(ctx context.Context, r *htsv1.ListReportsRequest) (*htsv1.ListReportsResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkTime("since", r.GetSince()), checkTime("until", r.GetUntil())); err != nil {
		return nil, err
	}
	q := housetable.ReportQuery{Warehouse: warehouse, Bytes: maxReportPageBytes}
	if q.UUID, err = historyOf(ctx, s.store, warehouse, r); err != nil {
		return nil, err
	}
	of := list("reports", warehouse, q.UUID, r.GetSince().AsTime(), r.GetUntil().AsTime())
	if err := pageOfReports(&q, of, r); err != nil {
		return nil, err
	}
	reports, next, err := s.store.Reports(ctx, q)
	if err != nil {
		return nil, err
	}
	response := &htsv1.ListReportsResponse{}
	if next != (housetable.UUID{}) {
		response.NextPageToken = pageToken(of, hex.EncodeToString(next[:]))
	}
	for i := range reports {
		response.Reports = append(response.Reports, toReport(&reports[i]))
	}
	return response, nil
}

// pageOfReports sets which part of the list is wanted.
func pageOfReports(q *housetable.ReportQuery, of string, r *htsv1.ListReportsRequest) error {
	page, err := readPage(of, r.GetPageSize(), r.GetPageToken())
	if err != nil {
		return err
	}
	if q.Limit = min(page.Limit, maxReportPage); r.GetPageSize() == 0 {
		q.Limit = defaultReportPage
	}
	if r.GetSince() != nil {
		q.Since = housetable.ReportIDAt(r.GetSince().AsTime())
	}
	if r.GetUntil() != nil {
		q.Before = housetable.ReportIDAt(r.GetUntil().AsTime())
	}
	if page.After == "" {
		return nil
	}
	id, err := hex.DecodeString(page.After)
	if err != nil || len(id) != len(q.Before) {
		return fault.Field("page_token", "is not a token of this service")
	}
	q.Before = housetable.UUID(id)
	return nil
}

func checkTime(field string, at *timestamppb.Timestamp) error {
	if at != nil && at.CheckValid() != nil {
		return fault.Field(field, "is not a time from year 1 to 9999")
	}
	return nil
}

func toReport(r *housetable.Report) *htsv1.MetricsReport {
	return &htsv1.MetricsReport{
		Id: r.ID[:], Key: toKey(r.Key), ReportType: r.Type, Body: r.Body, Principal: r.Principal, RequestId: r.RequestID, ReportedAt: toTime(r.At()),
	}
}
