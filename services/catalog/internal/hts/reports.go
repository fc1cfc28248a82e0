package hts

import (
	"context"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// Reports keeps metrics reports in the house table service.
type Reports struct{ client htsv1.ReportServiceClient }

// NewReports makes Reports over a connection, which stays the caller's.
func NewReports(conn grpc.ClientConnInterface) *Reports {
	return &Reports{client: htsv1.NewReportServiceClient(conn)}
}

// Keep keeps reports of one warehouse and returns how many there was a table for.
// It fails with Invalid when some were refused, whatever became of the others.
func (r *Reports) Keep(ctx context.Context, warehouse string, reports []catalog.Report) (int, error) {
	request := &htsv1.RecordReportsRequest{Warehouse: warehouse}
	for _, report := range reports {
		request.Reports = append(request.Reports, &htsv1.MetricsReport{
			Id: report.ID[:], Key: keyOf(report.Table, catalog.TableKind), ReportType: report.Type, Body: string(report.Body),
			Principal: report.Principal, RequestId: report.RequestID,
		})
	}
	answer, err := r.client.RecordReports(ctx, request)
	if err != nil {
		return 0, missing(fault.FromStatus(err, fault.UnknownOutcome), warehouse, fault.NoSuchWarehouse, nil)
	}
	if refused := answer.GetRefused(); len(refused) > 0 {
		err = fault.New(fault.Invalid, "%d of %d are refused, the first one because %s", len(refused), len(reports), refused[0])
	}
	return int(answer.GetRecorded()), err
}
