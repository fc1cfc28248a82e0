package objectstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// temporary marks files that are not objects yet.
const temporary = ".igloo-new-"

// Local is a Store over the local file system. file:///p, file:/p and /p are
// the same place.
type Local struct {
	roots []root
	limit int64
}

// root is one folder that may be used. Its handle confines every access below
// it, symbolic links included; without a handle the whole disk may be used.
type root struct {
	path   string
	folder tree
}

// tree is what Local needs of a folder; *os.Root is one that nothing escapes.
type tree interface {
	OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error)
	OpenRoot(name string) (*os.Root, error)
	Mkdir(name string, perm fs.FileMode) error
	Stat(name string) (fs.FileInfo, error)
	Remove(name string) error
	FS() fs.FS
}

var _ Store = (*Local)(nil)

// OpenLocal opens a store confined to the folders, which are created where
// they are missing. Without folders the whole disk may be used.
func OpenLocal(folders ...string) (*Local, error) {
	l := &Local{limit: DefaultReadLimit}
	if len(folders) == 0 {
		l.roots = []root{{path: "/", folder: disk{}}}
		return l, nil
	}
	for _, folder := range folders {
		p, err := LocalPath(folder)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		if err := os.MkdirAll(p, 0o755); err != nil { //nolint:gosec // engines of other users read the warehouse
			return nil, errors.Join(fmt.Errorf("create folder: %w", err), l.Close())
		}
		handle, err := os.OpenRoot(p)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open folder: %w", err), l.Close())
		}
		l.roots = append(l.roots, root{path: p, folder: handle})
	}
	return l, nil
}

// Close gives the folders back.
func (l *Local) Close() error {
	var errs []error
	for _, r := range l.roots {
		if c, ok := r.folder.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// Read implements Store.
func (l *Local) Read(ctx context.Context, location string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read object: %w", err)
	}
	r, name, err := l.find(location)
	if err != nil {
		return nil, err
	}
	// Not blocking: a FIFO would hold the request for ever.
	f, err := r.folder.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, said("read object", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return l.readAll(f)
}

func (l *Local) readAll(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, said("read object", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read object: not a file: %w", ErrNotFound)
	}
	data, err := ReadAll(f, info.Size(), l.limit)
	if err != nil && !fault.Is(err, fault.TooLarge) {
		return nil, said("read object", err)
	}
	return data, err
}

// Stat implements Store.
func (l *Local) Stat(ctx context.Context, location string) (Object, error) {
	if err := ctx.Err(); err != nil {
		return Object{}, fmt.Errorf("stat object: %w", err)
	}
	r, name, err := l.find(location)
	if err != nil {
		return Object{}, err
	}
	info, err := r.folder.Stat(name)
	if err != nil {
		return Object{}, said("stat object", err)
	}
	if !info.Mode().IsRegular() {
		return Object{}, fmt.Errorf("stat object: not a file: %w", ErrNotFound)
	}
	return Object{Location: location, Size: info.Size(), Modified: info.ModTime()}, nil
}

// Create implements Store: a temporary file, synced, then linked to its name.
// A link, unlike a rename, fails when the name is taken.
func (l *Local) Create(ctx context.Context, location string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("create object: %w", err)
	}
	r, name, err := l.find(location)
	if err != nil {
		return err
	}
	parent, base := path.Split(name)
	folder, err := makeFolder(r.folder, path.Clean(parent))
	if err != nil {
		return unmade(location, err)
	}
	defer folder.Close() //nolint:errcheck // nothing was written to it
	temp := temporary + rand.Text()
	defer folder.Remove(temp) //nolint:errcheck // a leftover is never taken for an object
	if err := writeSynced(folder, temp, data); err != nil {
		return unwritten(location, err)
	}
	if err := folder.Link(temp, base); err != nil {
		return said("create object", err)
	}
	return said("create object", syncFolder(folder))
}

// Delete implements Store.
func (l *Local) Delete(ctx context.Context, locations ...string) error {
	var errs []error
	for _, location := range locations {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, fmt.Errorf("delete object: %w", err))...)
		}
		r, name, err := l.find(location)
		if err == nil {
			err = r.folder.Remove(name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, said("delete object", err))
		}
	}
	return errors.Join(errs...)
}

// List implements Store.
func (l *Local) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		folder := prefix[:strings.LastIndexByte(prefix, '/')+1]
		r, name, err := l.find(folder + ".")
		if err != nil {
			yield(Object{}, err)
			return
		}
		l.walk(ctx, r, name, folder, prefix, yield)
	}
}

func (l *Local) walk(ctx context.Context, r root, start, folder, prefix string, yield func(Object, error) bool) {
	err := fs.WalkDir(r.folder.FS(), start, func(name string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // deleted while we looked
		case err != nil:
			return err
		}
		location := folder + strings.TrimPrefix(strings.TrimPrefix(name, start), "/")
		if entry.IsDir() {
			return skipUnless(strings.HasPrefix(location+"/", prefix) || strings.HasPrefix(prefix, location) || name == start)
		}
		if !entry.Type().IsRegular() || !strings.HasPrefix(location, prefix) || strings.HasPrefix(path.Base(name), temporary) {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // deleted while we looked
		}
		if !yield(Object{Location: location, Size: info.Size(), Modified: info.ModTime()}, nil) {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		yield(Object{}, said("list objects", err))
	}
}

func skipUnless(wanted bool) error {
	if wanted {
		return nil
	}
	return fs.SkipDir
}

// find is the root that holds the location, and the name below it.
func (l *Local) find(location string) (root, string, error) {
	p, err := LocalPath(location)
	if err != nil {
		return root{}, "", err
	}
	var best root
	for _, r := range l.roots {
		if len(r.path) > len(best.path) && within(r.path, p) {
			best = r
		}
	}
	if best.folder == nil {
		return root{}, "", fault.New(fault.Invalid, "location %q is outside of the folders that may be used", location)
	}
	name := strings.TrimPrefix(strings.TrimPrefix(p, best.path), "/")
	if name == "" {
		name = "."
	}
	return best, name, nil
}

func within(folder, p string) bool {
	return folder == "/" || p == folder || strings.HasPrefix(p, folder+"/")
}

// LocalPath is the absolute path that a file location names. Nothing in it is
// unescaped: engines take the characters as they are.
func LocalPath(location string) (string, error) {
	p := location
	if rest, found := strings.CutPrefix(p, "file:"); found {
		p = rest
		if authority, found := strings.CutPrefix(p, "//"); found {
			p = strings.TrimPrefix(authority, "localhost")
		}
	}
	switch {
	case !strings.HasPrefix(p, "/"):
		return "", fault.New(fault.Invalid, "location %q is not an absolute path or file URI", location)
	case strings.ContainsRune(p, 0):
		return "", fault.New(fault.Invalid, "location %q contains a NUL character", location)
	}
	for segment := range strings.SplitSeq(p, "/") {
		if segment == ".." {
			return "", fault.New(fault.Invalid, "location %q contains \"..\"", location)
		}
	}
	return path.Clean(p), nil
}

// RealPath is an absolute path without the symbolic links in it, as far as it
// exists.
func RealPath(p string) string {
	rest := ""
	for folder := path.Clean(p); folder != "/"; folder = path.Dir(folder) {
		if real, err := filepath.EvalSymlinks(folder); err == nil {
			return path.Join(real, rest)
		}
		rest = path.Join(path.Base(folder), rest)
	}
	return path.Join("/", rest)
}

// makeFolder opens a folder, made with its parents where missing; each new one
// is synced into its parent, or a crash could lose the files in it.
func makeFolder(t tree, name string) (*os.Root, error) {
	folder, err := t.OpenRoot(name)
	if err == nil || !errors.Is(err, fs.ErrNotExist) || name == "." {
		return folder, err
	}
	parent, err := makeFolder(t, path.Dir(name))
	if err != nil {
		return nil, err
	}
	defer parent.Close() //nolint:errcheck // synced before
	base := path.Base(name)
	if err := parent.Mkdir(base, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := syncFolder(parent); err != nil {
		return nil, err
	}
	return parent.OpenRoot(base)
}

func writeSynced(folder *os.Root, name string, data []byte) error {
	f, err := folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncFolder(folder *os.Root) error {
	f, err := folder.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// said names the operation and turns what the system says into our words.
func said(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENXIO):
		return fmt.Errorf("%s: %w: %w", operation, ErrNotFound, err)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s: %w", operation, ErrExists)
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EINVAL):
		return fault.Wrap(fault.Invalid, err, "location is not one that the file system can hold")
	default:
		return fmt.Errorf("%s: %w", operation, err)
	}
}

// unmade says why the folder of a location cannot be made. What is no error of the
// system is the refusal to follow a link out of a root.
func unmade(location string, err error) error {
	var system syscall.Errno
	switch {
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP), errors.Is(err, fs.ErrNotExist):
		return fault.Wrap(fault.Invalid, err, "create object: a file or a broken link is in the way of location %s", location)
	case !errors.As(err, &system) && !errors.Is(err, fs.ErrClosed):
		return fault.Wrap(fault.Invalid, err, "create object: location %s leads out of the folders that may be used", location)
	}
	return unwritten(location, err)
}

// unwritten is what the system says to writing something new.
func unwritten(location string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fault.Wrap(fault.Forbidden, err, "create object: storage refuses it at %s", location)
	}
	return said("create object", err)
}

// disk is the tree of all local paths, for a store that is not confined.
type disk struct{}

func (disk) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(disk{}.path(name), flag, perm)
}
func (disk) OpenRoot(name string) (*os.Root, error)    { return os.OpenRoot(disk{}.path(name)) }
func (disk) Mkdir(name string, perm fs.FileMode) error { return os.Mkdir(disk{}.path(name), perm) }
func (disk) Stat(name string) (fs.FileInfo, error)     { return os.Stat(disk{}.path(name)) }
func (disk) Remove(name string) error                  { return os.Remove(disk{}.path(name)) }
func (disk) FS() fs.FS                                 { return os.DirFS("/") }
func (disk) path(name string) string                   { return filepath.Join("/", name) }
