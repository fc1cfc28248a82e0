package server

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/httpserver"
	"github.com/igloo-catalog/igloo/pkg/limit"
	"github.com/igloo-catalog/igloo/pkg/line"
	"github.com/igloo-catalog/igloo/pkg/seal"
	"github.com/igloo-catalog/igloo/pkg/tlsfiles"
)

// Config is what the house table service is told. A zero field means its default.
type Config struct {
	GRPCListen        string        `name:"grpc-listen" default:"127.0.0.1:8182" env:"IGLOO_GRPC_LISTEN" help:"Serve gRPC, for catalogs, on this address." group:"Where it serves"`
	HTTPListen        string        `name:"http-listen" default:"127.0.0.1:8183" env:"IGLOO_HTTP_LISTEN" help:"Serve /hts, /metrics and the health probes on this address." group:"Where it serves"`
	DatabaseURL       string        `name:"database-url" env:"IGLOO_DATABASE_URL" required:"" secret:"" help:"Keep state here: postgres://…, or sqlite:///path for one process alone. It may hold a password, so it is best given as a variable." placeholder:"URL" group:"State"`
	Migrate           bool          `env:"IGLOO_MIGRATE" help:"Bring a Postgres database to this build's schema at start; SQLite always is. Without it run housetable migrate first." group:"State"`
	ImplicitDatabases bool          `env:"IGLOO_IMPLICIT_DATABASES" help:"Let a PUT on /hts/tables create the database it names, as OpenHouse does." group:"Tables"`
	Connections       int           `default:"16" env:"IGLOO_DATABASE_CONNECTIONS" name:"database-connections" help:"Most connections to Postgres, for reads and commits together; more than commit-slots. What Postgres lets in (max_connections) is shared by all replicas." unit:"connections" allowed:"1 or more; 0 stands for the default" group:"State"`
	Pooler            bool          `env:"IGLOO_DATABASE_POOLER" name:"database-pooler" help:"Connections go through a pooler in transaction mode: use no named statements and no session settings." group:"State"`
	Standby           string        `name:"database-standby" env:"IGLOO_DATABASE_STANDBY" secret:"" help:"Have lists and histories come from this standby of the database while it has all that the primary has; postgres://…, with as many connections again." placeholder:"URL" group:"State"`
	Slots             int           `default:"4" env:"IGLOO_COMMIT_SLOTS" name:"commit-slots" help:"Commits that run at a time; further ones queue up and go together, up to 64 in one statement. SQLite has one writer, whatever is said here." unit:"statements" allowed:"1 or more; 0 stands for the default" group:"Commits"`
	Queue             int           `default:"4096" env:"IGLOO_COMMIT_QUEUE" name:"commit-queue" help:"Commits that may wait, and reads; further ones are told to come back (429)." unit:"calls" allowed:"1 or more; 0 stands for the default" group:"Commits"`
	CommitTimeout     time.Duration `default:"10s" env:"IGLOO_COMMIT_TIMEOUT" name:"commit-timeout" help:"Give up on a commit that the database does not answer: its outcome is then unknown, and asked for again. Shorter than commit-deadline of the catalog." allowed:"1s or more; 0s stands for the default" group:"Commits"`
	TokenFile         string        `name:"prober-token-file" env:"IGLOO_PROBER_TOKEN_FILE" help:"Show the token in this file to the prober; it is read again as it is renewed." placeholder:"FILE" group:"Between the services"`
	TrustedServices   []string      `name:"trusted-service" env:"IGLOO_TRUSTED_SERVICES" help:"Believe this caller, who is named as in histories, when it names somebody else on whose behalf it acts: a catalog service. May be given several times." placeholder:"ISSUER:SUBJECT" group:"Between the services"`
	authn.Settings    `embed:"" group:"Who is let in"`
	audit.Trail       `embed:"" group:"Audit log"`
	Access            authz.Authorization `embed:"" group:"Who may do what"`
	tlsfiles.Listener `embed:"" group:"TLS"`
	Limits            limit.Settings      `embed:"" group:"Limits"`
	HTTP              httpserver.Settings `embed:"" group:"Limits"`
	Prober            string              `env:"IGLOO_PROBER" help:"Have the storage of warehouses tried by the catalog service, at its internal-listen; without it no warehouse gets storage of its own." placeholder:"HOST:PORT" group:"Between the services"`
	ProberTLS         tlsfiles.Client     `embed:"" prefix:"prober-" envprefix:"IGLOO_PROBER_" group:"Between the services"`
	seal.KeySettings  `embed:"" group:"Secrets of warehouses"`
	Upkeep            `embed:"" group:"How long things are kept"`

	// Who checks tokens, instead of the settings, where a process serves more than
	// this service.
	Who authn.Authenticator `kong:"-"`
	// Shared limits stand instead of Limits, where a process serves more than this service.
	Shared *limit.Limits `kong:"-"`
	// ProberConn is used instead of Prober; it stays the caller's.
	ProberConn grpc.ClientConnInterface `kong:"-"`
}

// batch is the most commits in one statement, readBatch the most reads: beyond,
// the gain for each is small and the wait of the first is not.
const (
	batch     = 64
	readBatch = 128
)

// readSlots are enough to keep Postgres at work: a statement that reads waits
// for no disk and no lock, and what finds them busy shares the next one.
const readSlots = 2

// patience is how long a call waits for company: about as long as a commit takes.
// company is how long one waits for commits that are sure to come: as long as sixteen
// writers take to come again.
const (
	patience = 2 * time.Millisecond
	company  = 3 * patience
)

// readTimeout ends a read that the database does not answer.
const readTimeout = 5 * time.Second

// Check says what is wrong with the settings.
func (c *Config) Check() error {
	c.fill()
	switch {
	case c.DatabaseURL == "":
		return errors.New("database-url must be set")
	case c.Connections < 1 || c.Slots < 1 || c.Queue < 1 || c.CommitTimeout < time.Second:
		return errors.New("database-connections, commit-slots and commit-queue must be positive, commit-timeout at least 1s")
	case c.Standby != "" && (!c.postgres() || !isPostgres(c.Standby)):
		return errors.New("database-standby and database-url must both be postgres://… where there is a standby")
	case c.postgres() && c.Connections <= c.Slots:
		return fmt.Errorf("database-connections (%d) must be more than commit-slots (%d): reads need some too", c.Connections, c.Slots)
	}
	return errors.Join(c.Settings.Check(), c.Access.Check(), c.Trail.Check(), c.Listener.Check(), c.Limits.Check(), c.HTTP.Check(), c.checkUpkeep())
}

// door is who checks tokens; nil where nobody has to say who they are.
func (c *Config) door() (authn.Authenticator, error) {
	if c.Who != nil {
		return c.Who, nil
	}
	return c.Authenticator(authn.Doors{Addresses: []string{c.GRPCListen, c.HTTPListen}, Certificates: c.ForClients()})
}

func (c *Config) fill() {
	orDefault(&c.GRPCListen, "127.0.0.1:8182")
	orDefault(&c.HTTPListen, "127.0.0.1:8183")
	c.Upkeep.fill()
	orDefault(&c.Connections, 16)
	orDefault(&c.Slots, 4)
	orDefault(&c.Queue, 4096)
	orDefault(&c.CommitTimeout, 10*time.Second)
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *Config) postgres() bool { return isPostgres(c.DatabaseURL) }

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// file is the path of a SQLite database.
func (c *Config) file() string {
	return strings.TrimPrefix(strings.TrimPrefix(c.DatabaseURL, "sqlite://"), "sqlite:")
}

func (c *Config) limits() line.Limits {
	limits := line.Limits{Slots: c.Slots, Batch: batch, Queue: c.Queue, Patience: patience, Timeout: c.CommitTimeout}
	if c.postgres() {
		limits.InTurn, limits.Company = true, company
	} else {
		limits.Slots = 1 // SQLite has one writer
	}
	return limits
}

func (c *Config) readLimits() line.Limits {
	return line.Limits{Slots: readSlots, Batch: readBatch, Queue: c.Queue, Patience: patience, Timeout: readTimeout}
}
