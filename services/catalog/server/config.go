package server

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/httpserver"
	"github.com/igloo-catalog/igloo/pkg/limit"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/seal"
	"github.com/igloo-catalog/igloo/pkg/tlsfiles"
)

// Config is what the catalog service is told.
type Config struct {
	Listen               string          `default:"127.0.0.1:8181" env:"IGLOO_LISTEN" help:"Serve /v1, /metrics and the health probes on this address." group:"Where it serves"`
	HouseTable           string          `name:"housetable" env:"IGLOO_HOUSETABLE" help:"Reach the house table service, its grpc-listen, at this address, or at those of several servers, with commas between. It is needed." placeholder:"HOST:PORT" group:"Between the services"`
	RedisURL             string          `env:"IGLOO_REDIS_URL" help:"Share finished outcomes between replicas through this Redis: redis://, rediss:// for TLS; without one they are remembered in memory. It may vanish at any time." placeholder:"redis://…" secret:"" group:"State"`
	WarehouseRoot        string          `env:"IGLOO_WAREHOUSE_ROOT" help:"Put the tables of warehouses without a location of their own below this location: file:///…, s3://…, gs://… or abfss://…. It is needed." placeholder:"file:///…" group:"Tables"`
	AllowedRoots         []string        `env:"IGLOO_ALLOWED_ROOTS" help:"Locations under which tables may lie besides the warehouse; without any, tables of a local warehouse may lie anywhere on this machine. May be given several times." placeholder:"file:///…" group:"Tables"`
	OverlappingLocations bool            `env:"IGLOO_OVERLAPPING_LOCATIONS" help:"Let the location of a table be that of another one, or lie above or below it." group:"Tables"`
	NamespaceSeparator   string          `default:"%1F" env:"IGLOO_NAMESPACE_SEPARATOR" help:"Tell clients to join namespace levels in paths by this URL-escaped character." group:"Tables"`
	BodyLimit            int64           `default:"33554432" env:"IGLOO_BODY_LIMIT" help:"Refuse request bodies of more bytes, with 413, as they come and when they are unpacked. What stands in front must let as much through." unit:"bytes" allowed:"0 or more; 0 stands for the default" group:"Limits"`
	CacheBytes           int64           `default:"33554432" env:"IGLOO_CACHE_BYTES" help:"Keep at most this many bytes of table metadata in memory, a quarter as many of lists of names and an eighth of what commits made. More means fewer reads from storage; telemetry tells hits from misses." unit:"bytes" allowed:"0 or more; 0 stands for the default" group:"Tables"`
	PlanKey              string          `env:"IGLOO_PLAN_KEY" help:"Sign scan plans, and the tickets of tables in the making, with this key, the same for all replicas; without one they end with the process." secret:"" allowed:"16 characters or more" group:"Scan plans"`
	PlanConcurrency      int             `default:"16" env:"IGLOO_PLAN_CONCURRENCY" help:"Plan at most this many scans at once; the next are told 429 and to come again after a second." unit:"plans" allowed:"0 or more; 0 stands for the default" group:"Scan plans"`
	PlanDeadline         time.Duration   `default:"1m" env:"IGLOO_PLAN_DEADLINE" help:"Work at most this long on the plan of a scan; shorter than write-timeout." allowed:"0s or more; 0s stands for the default" group:"Scan plans"`
	PlanCacheBytes       int64           `default:"33554432" env:"IGLOO_PLAN_CACHE_BYTES" help:"Keep at most this many bytes of manifests in memory." unit:"bytes" allowed:"0 or more; 0 stands for the default" group:"Scan plans"`
	PlanSubmitFiles      int64           `default:"1000000" env:"IGLOO_PLAN_SUBMIT_FILES" help:"Let clients fetch the plans of snapshots of at least this many files, instead of waiting for them." unit:"files" allowed:"0 or more; 0 stands for the default" group:"Scan plans"`
	MaxKeyAge            time.Duration   `default:"24h" env:"IGLOO_MAX_KEY_AGE" help:"Do not carry out a request whose Idempotency-Key (UUIDv7) is older, if its outcome is not recorded any more; 0s does. At most the operation-retention of the house table service." allowed:"0s or more" group:"Commits"`
	CommitDeadline       time.Duration   `default:"30s" env:"IGLOO_COMMIT_DEADLINE" help:"Wait at most this long for the answer to a commit, with all its tries; then its outcome is told to be unknown. Longer than commit-timeout, shorter than write-timeout." allowed:"0s or more; 0s stands for the default" group:"Commits"`
	TokenFile            string          `name:"housetable-token-file" env:"IGLOO_HOUSETABLE_TOKEN_FILE" help:"Show the token in this file to the house table service; it is read again as it is renewed." placeholder:"FILE" group:"Between the services"`
	HouseTableTLS        tlsfiles.Client `embed:"" prefix:"housetable-" envprefix:"IGLOO_HOUSETABLE_" group:"Between the services"`
	authn.Settings       `embed:"" group:"Who is let in"`
	Access               authz.Authorization `embed:"" group:"Who may do what"`
	audit.Trail          `embed:"" group:"Audit log"`
	tlsfiles.Listener    `embed:"" group:"TLS"`
	Limits               limit.Settings      `embed:"" group:"Limits"`
	HTTP                 httpserver.Settings `embed:"" group:"Limits"`
	InternalListen       string              `env:"IGLOO_INTERNAL_LISTEN" help:"Answer the house table service on this address, which tries the storage of warehouses there; nobody else shall reach it. Goes with prober there." placeholder:"HOST:PORT" group:"Between the services"`
	TrustedServices      []string            `name:"trusted-service" env:"IGLOO_TRUSTED_SERVICES" help:"Answer this caller alone at internal-listen, who is named as in histories: the house table service." placeholder:"ISSUER:SUBJECT" group:"Between the services"`
	seal.KeySettings     `embed:"" group:"Secrets of warehouses"`
	Storage              `embed:"" group:"Storage"`
	Removal              `embed:"" group:"Files that nothing needs"`
	Reports              `embed:"" group:"Reports of engines"`

	// Door decides who is let in, instead of the settings, where a process serves
	// more than this service.
	Door *Door `kong:"-"`
}

// Door is who checks tokens, who issues them, if anybody does, and how much may be
// asked.
type Door struct {
	Who    authn.Authenticator
	Tokens http.Handler
	// Limits, when set, stand instead of those of the settings.
	Limits *limit.Limits
}

// Check refuses settings that cannot work. pkg/settings calls it.
func (c Config) Check() error {
	var errs []error
	if c.WarehouseRoot == "" {
		errs = append(errs, errors.New("warehouse-root is needed, like file:///var/lib/igloo/warehouse or s3://bucket/warehouse"))
	}
	for _, root := range c.roots() {
		errs = append(errs, c.validateRoot(root))
	}
	if c.BodyLimit < 0 || c.CacheBytes < 0 || c.CommitDeadline < 0 || c.MaxKeyAge < 0 {
		errs = append(errs, errors.New("body-limit, cache-bytes, commit-deadline and max-key-age must not be negative"))
	}
	if c.PlanConcurrency < 0 || c.PlanDeadline < 0 || c.PlanCacheBytes < 0 || c.PlanSubmitFiles < 0 {
		errs = append(errs, errors.New("plan-concurrency, plan-deadline, plan-cache-bytes and plan-submit-files must not be negative"))
	}
	if c.PlanKey != "" && len(c.PlanKey) < minPlanKey {
		errs = append(errs, fmt.Errorf("plan-key must be of at least %d characters", minPlanKey))
	}
	return errors.Join(append(errs, c.Settings.Check(), c.Access.Check(), c.Listener.Check(), c.Limits.Check(), c.HTTP.Check(), c.Storage.Check(), c.Removal.Check(), c.Reports.Check(), c.Trail.Check())...)
}

// validateRoot refuses a root in no store that is served.
func (c Config) validateRoot(root string) error {
	switch store := objectstore.StoreOf(root); {
	case store == "file":
		_, err := objectstore.LocalPath(root)
		return err
	case store == "abfs" && c.ADLSAccount == "":
		return fmt.Errorf("root %q: adls-account is needed, the name of its storage account", root)
	case store == "":
		return fmt.Errorf("root %q: scheme %q is of no store that is supported: file:///…, s3://…, gs://…, abfss://…", root, objectstore.Scheme(root))
	default:
		return nil
	}
}

// roots are all locations under which tables may lie.
func (c Config) roots() []string {
	var roots []string
	for _, root := range append([]string{c.WarehouseRoot}, c.AllowedRoots...) {
		if root = strings.TrimSpace(root); root != "" {
			roots = append(roots, root)
		}
	}
	return roots
}

// minPlanKey keeps keys from being guessed.
const minPlanKey = 16

// validateStandalone refuses what only a service of its own needs.
func (c Config) validateStandalone() error {
	if c.HouseTable == "" {
		return errors.New("housetable is needed: the HOST:PORT of the house table service")
	}
	for address := range strings.SplitSeq(c.HouseTable, ",") {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("housetable: %w", err)
		}
		if strings.ContainsAny(address, " \t") {
			return fmt.Errorf("housetable: %q contains a space", address)
		}
	}
	return nil
}

// local reports whether tables lie on this machine.
func (c Config) local() bool { return objectstore.Scheme(c.WarehouseRoot) == "file" }

// folders are the local folders that may be used; none means all.
func (c Config) folders() []string {
	if c.local() && len(c.AllowedRoots) == 0 {
		return nil
	}
	var folders []string
	for _, root := range c.roots() {
		if objectstore.Scheme(root) == "file" {
			folders = append(folders, root)
		}
	}
	return folders
}
