// Command release builds Igloo's programs, images and archives.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/deploy/release"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1) //nolint:gocritic // nothing is to be undone
	}
}

func run(ctx context.Context) error {
	r := &release.Release{Programs: release.Programs}
	platforms := flag.String("platforms", "linux/amd64,linux/arm64", "what is built for")
	flag.StringVar(&r.Root, "root", ".", "the repository")
	flag.StringVar(&r.Out, "out", "dist", "the folder for all that is made")
	flag.StringVar(&r.Version, "version", "devel", "like v0.1.0")
	flag.StringVar(&r.Registry, "registry", "igloo-catalog", "what names of images begin with")
	flag.BoolVar(&r.Archives, "archives", false, "make archives, too")
	flag.Parse()
	r.Platforms = strings.Split(*platforms, ",")
	digests, err := r.Make(ctx)
	if err != nil {
		return err
	}
	for _, program := range slices.Sorted(maps.Keys(digests)) {
		if _, err := fmt.Fprintf(os.Stdout, "%s/%s:%s@%s\n", r.Registry, program, strings.TrimPrefix(r.Version, "v"), digests[program]); err != nil {
			return err
		}
	}
	return nil
}
