package cedar

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
)

const (
	// maxFile bounds the file of policies, in bytes.
	maxFile = 1 << 20
	// lookEvery lies between two looks at the file.
	lookEvery = time.Second
)

// Schema is what policies may speak of, in Cedar's own words.
//
//go:embed igloo.cedarschema
var Schema string

// policies are those of a file, as it is now.
type policies struct {
	path string
	log  *slog.Logger
	// every lies between two looks.
	every time.Duration
	set   atomic.Pointer[cedar.PolicySet]

	// held is the content that was taken, or refused, last; seen is what was found
	// last. What is being written is taken once it stays the same.
	held, seen []byte
	// failed is what went wrong at the last look, "" when nothing did.
	failed string

	end  context.CancelFunc
	work sync.WaitGroup
}

// follow reads the file, and goes on reading it until it is closed.
func follow(path string, every time.Duration, log *slog.Logger) (*policies, error) {
	p := &policies{path: path, every: every, log: log}
	content, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("authorization-policies: %w", err)
	}
	set, err := parse(filepath.Base(path), content)
	if err != nil {
		return nil, fmt.Errorf("authorization-policies: %s: %w", path, err)
	}
	p.set.Store(set)
	p.held, p.seen = content, content
	ctx, end := context.WithCancel(context.Background())
	p.end = end
	p.work.Go(func() { p.watch(ctx) })
	return p, nil
}

// Close ends the looking.
func (p *policies) Close() error {
	p.end()
	p.work.Wait()
	return nil
}

func (p *policies) watch(ctx context.Context) {
	ticker := time.NewTicker(p.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			p.look(ctx)
		}
	}
}

// look takes what the file has become, if that is sound, and else keeps what there was.
func (p *policies) look(ctx context.Context) {
	content, err := read(p.path)
	if err != nil {
		p.tell(ctx, err)
		return
	}
	settled := bytes.Equal(content, p.seen)
	p.seen = content
	if !settled || bytes.Equal(content, p.held) {
		if settled {
			p.failed = ""
		}
		return
	}
	p.held = content
	set, err := parse(filepath.Base(p.path), content)
	if err != nil {
		p.tell(ctx, err)
		return
	}
	p.failed = ""
	p.set.Store(set)
	p.log.InfoContext(ctx, "policies were read anew", "path", p.path)
}

// tell logs what went wrong, once for as long as it does.
func (p *policies) tell(ctx context.Context, err error) {
	if err.Error() != p.failed {
		p.log.ErrorContext(ctx, "policies could not be read: those from before hold on", "path", p.path, "error", err)
	}
	p.failed = err.Error()
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("%s has more than %d bytes", path, maxFile)
	}
	return content, err
}

// parse reads policies, and refuses those that speak of what there is not: a
// misspelt name would make a permission void, and a prohibition too.
func parse(name string, content []byte) (*cedar.PolicySet, error) {
	set, err := cedar.NewPolicySetFromBytes(name, content)
	if err != nil {
		return nil, err
	}
	validator, err := newValidator()
	if err != nil {
		return nil, err
	}
	var errs []error
	names := map[string]bool{}
	for id, policy := range set.All() {
		if err := validator.Policy(string(id), (*ast.Policy)(policy.AST())); err != nil {
			errs = append(errs, fmt.Errorf("line %d: %s", policy.Position().Line, strings.ReplaceAll(err.Error(), "\n", "; ")))
		}
		if given := string(policy.Annotations()["id"]); given != "" && names[given] {
			errs = append(errs, fmt.Errorf("line %d: @id(%q) is that of another policy", policy.Position().Line, given))
		} else {
			names[given] = true
		}
	}
	return set, errors.Join(errs...)
}

func newValidator() (*validate.Validator, error) {
	var s schema.Schema
	if err := s.UnmarshalCedar([]byte(Schema)); err != nil {
		return nil, fmt.Errorf("schema of policies: %w", err)
	}
	resolved, err := s.Resolve()
	if err != nil {
		return nil, fmt.Errorf("schema of policies: %w", err)
	}
	return validate.New(resolved, validate.WithStrict()), nil
}
