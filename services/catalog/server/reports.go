package server

import (
	"errors"
	"fmt"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
	"github.com/igloo-catalog/igloo/services/catalog/internal/reports"
)

// Reports is what becomes of the metrics reports that engines send.
type Reports struct {
	Reports      string `default:"housetable" enum:"housetable,log,none" env:"IGLOO_REPORTS" help:"Keep metrics reports of engines in the house table service (which forgets them after its report-retention), in the log, or not at all. Requests that bring them are answered alike."`
	ReportTables int    `default:"100" env:"IGLOO_REPORT_TABLES" help:"Tell at most this many tables apart in the metrics made of reports; all others share one series." unit:"tables" allowed:"0 to 1000"`
}

// maxReportTables keeps an answer with all metrics within reason.
const maxReportTables = 1000

// Check refuses settings that cannot work. pkg/settings calls it.
func (r Reports) Check() error {
	switch {
	case r.ReportTables < 0 || r.ReportTables > maxReportTables:
		return fmt.Errorf("report-tables must be from 0 to %d", maxReportTables)
	case r.Reports != "" && r.Reports != "housetable" && r.Reports != "log" && r.Reports != "none":
		return errors.New("reports must be one of housetable, log, none")
	}
	return nil
}

// openReports begins to take reports.
func (s *Server) openReports(conn grpc.ClientConnInterface) (*reports.Queue, error) {
	queue, err := reports.Open(s.keeper(conn), reports.Settings{Tables: s.cfg.ReportTables, Meter: s.meter}, s.log)
	if err != nil {
		return nil, fmt.Errorf("measure reports: %w", err)
	}
	s.closers = append(s.closers, queue)
	return queue, nil
}

// keeper is who keeps reports; nil for nobody.
func (s *Server) keeper(conn grpc.ClientConnInterface) reports.Keeper {
	switch s.cfg.Reports.Reports {
	case "none":
		return nil
	case "log":
		return reports.Log{Logger: s.log}
	default:
		return hts.NewReports(conn)
	}
}
