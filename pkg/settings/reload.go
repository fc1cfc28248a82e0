package settings

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// lookEvery is how often the file is looked at. A change is read when it has stood
// for as long, so that no half of a file is.
const lookEvery = time.Second

// live marks a setting that can change while the program runs.
const live = "live"

// OnChange has apply called whenever settings have changed, with the command's own
// struct as it is to be from then on. Those that are tagged live:"" are apply's to
// take over; if it fails, none are. The others wait for a restart.
func (e *Env) OnChange(apply func(newer any) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.apply = append(e.apply, apply)
}

// changes is how a command's settings are followed. Only the file can change.
type changes struct {
	app   App
	env   *Env
	level *slog.LevelVar
	// held are the values that hold, by their flags.
	held map[string]string
}

// follow looks at the file until ctx ends, and at once at SIGHUP. What was read
// already is as the file was then.
func (c *changes) follow(ctx context.Context, path string, taken stamp) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	seen := taken
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			taken = stampOf(path)
			seen = taken
			c.reload(ctx)
		case <-ticker.C:
			now := stampOf(path)
			settled := now == seen
			if seen = now; settled && now != taken {
				taken = now
				c.reload(ctx)
			}
		}
	}
}

// stamp tells whether a file has changed.
type stamp struct {
	at   time.Time
	size int64
}

// stampOf a file that is gone is like that of one that has no content.
func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size()}
}

// reload reads all settings anew, and says what became of those that changed.
func (c *changes) reload(ctx context.Context) {
	newer, err := parse(c.app, freshOf(c.app.Commands))
	if err == nil {
		err = c.take(ctx, newer)
	}
	c.env.count(err == nil)
	if err != nil {
		c.env.Log.ErrorContext(ctx, "new settings are not taken, those from before hold", "error", err)
	}
}

func (c *changes) take(ctx context.Context, newer *parsed) error {
	var taken, waiting []string
	for _, flag := range newer.chosen.Flags() {
		switch value := valueOf(newer.chosen, flag); {
		case c.held[flag.Name] == value:
		case flag.Tag.Has(live):
			taken = append(taken, flag.Name+": "+shown(newer.chosen, flag))
		default:
			waiting = append(waiting, flag.Name)
		}
	}
	if err := c.applied(newer); err != nil {
		return err
	}
	for _, flag := range newer.chosen.Flags() {
		if flag.Tag.Has(live) {
			c.held[flag.Name] = valueOf(newer.chosen, flag)
		}
	}
	c.env.Log.InfoContext(ctx, "settings were read again", "taken", taken, "wait for a restart", waiting)
	return nil
}

func (c *changes) applied(newer *parsed) error {
	c.env.mu.Lock()
	apply := slices.Clone(c.env.apply)
	c.env.mu.Unlock()
	var level slog.Level
	if err := level.UnmarshalText([]byte(newer.globals.LogLevel)); err != nil {
		return fmt.Errorf("log-level: %w", err)
	}
	for _, a := range apply {
		if err := a(newer.chosen.Selected().Target.Addr().Interface()); err != nil {
			return err
		}
	}
	c.level.Set(level)
	return nil
}

// valuesOf are those of all flags of the chosen command.
func valuesOf(chosen *kong.Context) map[string]string {
	values := map[string]string{}
	for _, flag := range chosen.Flags() {
		values[flag.Name] = valueOf(chosen, flag)
	}
	return values
}

func valueOf(chosen *kong.Context, flag *kong.Flag) string { return fmt.Sprint(chosen.FlagValue(flag)) }

// following is what OnChange and Measure need of an Env.
type following struct {
	mu    sync.Mutex
	apply []func(newer any) error
	// taken and refused count files that were read again, and wrong is whether the
	// last of them was refused.
	taken, refused int64
	wrong          bool
}

func (f *following) count(taken bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wrong = !taken; taken {
		f.taken++
	} else {
		f.refused++
	}
}

func (f *following) counted() (taken, refused, wrong int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wrong {
		wrong = 1
	}
	return f.taken, f.refused, wrong
}

// Measure tells what became of settings that changed while the program ran.
func (e *Env) Measure(meter metric.Meter) error {
	i := telemetry.NewInstruments(meter)
	reloads := i.Int64ObservableCounter("igloo.settings.reloads", "{reload}", "How often the file of settings was read again, by what became of it.")
	refused := i.Int64ObservableGauge("igloo.settings.refused", "", "1 while the file of settings is wrong, and those from before hold.")
	i.Register(func(_ context.Context, o metric.Observer) error {
		taken, not, wrong := e.counted()
		o.ObserveInt64(reloads, taken, metric.WithAttributes(attribute.String("result", "taken")))
		o.ObserveInt64(reloads, not, metric.WithAttributes(attribute.String("result", "refused")))
		o.ObserveInt64(refused, wrong)
		return nil
	}, reloads, refused)
	if err := i.Err(); err != nil {
		return fmt.Errorf("measure settings: %w", err)
	}
	return nil
}
