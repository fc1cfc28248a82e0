package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// mostOrphans is how many files are told of in one folder.
const mostOrphans = 1000

// orphans tells of the metadata files in a table's folder that neither its pointer,
// nor its log, nor its history names.
func (e *examination) orphans(ctx context.Context, s subject, answer json.RawMessage, l loaded, folder string, own bool) {
	folder = strings.TrimRight(folder, "/")
	if !own {
		folder += "/metadata"
	}
	found, err := e.unnamed(ctx, answer, l, folder)
	if err == nil && len(found) > 0 {
		err = e.forgetNamed(ctx, s, found)
	}
	if err != nil {
		e.failed(ctx, s.finding(), fmt.Errorf("look for metadata that nothing names in %s: %w", folder, err))
		return
	}
	for name, modified := range found {
		e.found(ctx, foundOrphan, s.finding(), "%s/%s of %s is named by nothing", folder, name, at(modified.UnixMilli()))
	}
}

// unnamed are the old files that neither the pointer nor the log names, by their names
// in the folder.
func (e *examination) unnamed(ctx context.Context, answer json.RawMessage, l loaded, folder string) (map[string]time.Time, error) {
	store, err := reached(ctx, answer, l)
	if err != nil {
		return nil, err
	}
	m, err := readMetadata(l.Metadata)
	if err != nil {
		return nil, err
	}
	named := map[string]bool{path.Base(l.MetadataLocation): true}
	for _, logged := range m.MetadataLog {
		named[path.Base(logged.File)] = true
	}
	found, before := map[string]time.Time{}, time.Now().Add(-e.OrphanAge)
	for object, err := range store.List(ctx, folder+"/") {
		name := path.Base(object.Location)
		switch {
		case err != nil:
			return nil, err
		case named[name] || !isMetadata(name) || object.Modified.After(before):
			continue
		case len(found) == mostOrphans:
			return found, nil
		}
		found[name] = object.Modified
	}
	return found, nil
}

func isMetadata(name string) bool {
	return strings.HasSuffix(name, ".metadata.json") || strings.HasSuffix(name, ".metadata.json.gz")
}

// forgetNamed takes those away that were the table's metadata once: its history can
// bring them back.
func (e *examination) forgetNamed(ctx context.Context, s subject, files map[string]time.Time) error {
	query := warehouseFlag{Warehouse: name(s.warehouse.GetName())}.query(s.key()...)
	for answer, err := range e.igloo.each(ctx, "versions", call{path: []string{"history"}, query: query}) {
		v := &htsv1.TableVersion{}
		if err == nil {
			err = decode("version of a table", answer, v)
		}
		if err != nil {
			return err
		}
		if delete(files, path.Base(v.GetMetadataLocation())); len(files) == 0 {
			return nil
		}
	}
	return nil
}

// delegationHeader asks a catalog for access to a table's files, by a key.
const (
	delegationHeader = "X-Iceberg-Access-Delegation"
	vended           = "vended-credentials"
)

// handedOut is access to files, as a loaded table has it.
type handedOut struct {
	Config      map[string]string `json:"config"`
	Credentials []struct {
		Prefix string            `json:"prefix"`
		Config map[string]string `json:"config"`
	} `json:"storage-credentials"`
}

// reached opens the store that a table's metadata lies in, as far as it can be reached
// from here.
func reached(ctx context.Context, answer json.RawMessage, l loaded) (objectstore.Store, error) {
	switch store := objectstore.StoreOf(l.MetadataLocation); store {
	case "file":
		return localStore(ctx, l.MetadataLocation)
	case "s3":
		var access handedOut
		if err := json.Unmarshal(answer, &access); err != nil {
			return nil, err
		}
		return access.s3(ctx, l.MetadataLocation)
	default:
		return nil, fmt.Errorf("files in %q cannot be listed from here", store)
	}
}

// localStore is this machine's disk, if it has the file: the catalog's may be another.
func localStore(ctx context.Context, file string) (objectstore.Store, error) {
	disk, err := objectstore.OpenLocal()
	if err != nil {
		return nil, err
	}
	if _, err := disk.Stat(ctx, file); err != nil {
		return nil, fmt.Errorf("%s is not reached from here: %w", file, err)
	}
	return disk, nil
}

// s3 opens S3 with the key that is for a file: that of the longest prefix.
func (h handedOut) s3(ctx context.Context, file string) (objectstore.Store, error) {
	config, longest := map[string]string{}, ""
	maps.Copy(config, h.Config)
	for _, c := range h.Credentials {
		if strings.HasPrefix(file, c.Prefix) && len(c.Prefix) >= len(longest) {
			longest = c.Prefix
			maps.Copy(config, c.Config)
		}
	}
	if config["s3.access-key-id"] == "" {
		return nil, errors.New("the catalog gives out no key to its files")
	}
	return s3.Open(ctx, s3.Config{
		Region: config["client.region"], Endpoint: config["s3.endpoint"], PathStyle: config["s3.path-style-access"] == "true",
		AccessKeyID: config["s3.access-key-id"], SecretAccessKey: config["s3.secret-access-key"], SessionToken: config["s3.session-token"],
	})
}
