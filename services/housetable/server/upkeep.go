package server

import (
	"errors"
	"fmt"
	"time"
)

// Upkeep is how long things are kept, and how often those that need not be any
// longer are looked for. A zero field means its default.
type Upkeep struct {
	SoftDeleteTTL      time.Duration `default:"168h" env:"IGLOO_SOFT_DELETE_TTL" name:"soft-delete-ttl" help:"Keep what a soft delete on /hts/tables left for this long, so that it can be restored; then it is purged." allowed:"0s or more; 0s stands for the default"`
	JobRetention       time.Duration `default:"720h" env:"IGLOO_JOB_RETENTION" name:"job-retention" help:"Keep the records of finished jobs for this long after their last change." allowed:"0s or more; 0s stands for the default"`
	OperationRetention time.Duration `default:"24h" env:"IGLOO_OPERATION_RETENTION" name:"operation-retention" help:"Answer a request that is sent again from the record of its first delivery for at least this long: until then catalogs tell by it which metadata files nothing needs. Not less than max-key-age of the catalog." allowed:"12h or more; 0s stands for the default"`
	EventRetention     time.Duration `default:"168h" env:"IGLOO_EVENT_RETENTION" name:"event-retention" help:"Keep events for this long, whoever has not read them yet." allowed:"1h or more; 0s stands for the default"`
	HistoryRetention   time.Duration `default:"2160h" env:"IGLOO_HISTORY_RETENTION" name:"history-retention" help:"Know for this long what a table was: for tables as-of, and to put right what went wrong. The current version stays." allowed:"event-retention or more; 0s stands for the default"`
	HistoryVersions    int64         `default:"1000" env:"IGLOO_HISTORY_VERSIONS" name:"history-versions" help:"Keep the history of no more versions of a table than this, once they are older than event-retention." unit:"versions" allowed:"1 or more; 0 stands for the default"`
	ReportRetention    time.Duration `default:"168h" env:"IGLOO_REPORT_RETENTION" name:"report-retention" help:"Keep metrics reports of engines for this long." allowed:"0s or more; 0s stands for the default"`
	SweepInterval      time.Duration `default:"10m" env:"IGLOO_SWEEP_INTERVAL" name:"sweep-interval" help:"Look this often for what need not be kept any longer." allowed:"10ms or more; 0s stands for the default"`
	ReapInterval       time.Duration `default:"10s" env:"IGLOO_JOB_REAP_INTERVAL" name:"job-reap-interval" help:"Look this often for running jobs whose lease is over, and let others have them." allowed:"10ms or more; 0s stands for the default"`
}

const (
	// minOperationRetention is how old a metadata file may be that a catalog decides
	// on by the record of its operation: of an older one it takes none for an answer.
	minOperationRetention = 12 * time.Hour
	// minEventRetention is longer than any commit takes.
	minEventRetention = time.Hour
)

// minInterval keeps background work in the background.
const minInterval = 10 * time.Millisecond

func (u *Upkeep) checkUpkeep() error {
	switch {
	case u.SoftDeleteTTL < 0:
		return errors.New("soft-delete-ttl must not be negative")
	case u.JobRetention < 0:
		return errors.New("job-retention must not be negative")
	case u.OperationRetention < minOperationRetention:
		return fmt.Errorf("operation-retention: found %s, at least %s is allowed: "+
			"catalogs tell by the records of operations which metadata files of the last 12h nothing needs", u.OperationRetention, minOperationRetention)
	case u.EventRetention < minEventRetention:
		return errors.New("event-retention must be at least 1h")
	case u.HistoryRetention < u.EventRetention:
		return errors.New("history-retention must be at least event-retention")
	case u.HistoryVersions < 1:
		return errors.New("history-versions must be positive")
	case u.ReportRetention < 0:
		return errors.New("report-retention must not be negative")
	case u.SweepInterval < minInterval:
		return errors.New("sweep-interval must be at least 10ms")
	case u.ReapInterval < minInterval:
		return errors.New("job-reap-interval must be at least 10ms")
	}
	return nil
}

func (u *Upkeep) fill() {
	orDefault(&u.SoftDeleteTTL, 7*24*time.Hour)
	orDefault(&u.JobRetention, 30*24*time.Hour)
	orDefault(&u.OperationRetention, 24*time.Hour)
	orDefault(&u.EventRetention, 7*24*time.Hour)
	orDefault(&u.HistoryRetention, 90*24*time.Hour)
	orDefault(&u.HistoryVersions, 1000)
	orDefault(&u.ReportRetention, 7*24*time.Hour)
	orDefault(&u.SweepInterval, 10*time.Minute)
	orDefault(&u.ReapInterval, 10*time.Second)
}
