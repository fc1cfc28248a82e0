package iceberg

import (
	"slices"
	"strings"
	"time"
)

// draft is a document being changed: the base, and what the updates so far made
// different. Nothing of the base is decoded that no update asks for.
type draft struct {
	base *TableMetadata // nil when a table is created
	now  int64
	head head

	changed bool

	schemas *parts[*schema]
	specs   *parts[*partitionSpec]
	orders  *parts[*sortOrder]

	properties        object
	propertiesLoaded  bool
	propertiesChanged bool

	refs        object
	refsLoaded  bool
	refsChanged bool

	added           []*snapshot
	addedByID       map[int64]*snapshot
	removed         map[int64]bool
	known           map[int64]bool
	lookups         int
	log             []logEntry
	mainSteps       []int64
	statistics      statisticsDraft
	partitions      statisticsDraft
	keys            [][]byte
	keysLoaded      bool
	keysChanged     bool
	previousVersion int
}

func newDraft(base *TableMetadata, version int, now time.Time) *draft {
	d := &draft{base: base, now: now.UnixMilli(), addedByID: map[int64]*snapshot{}, removed: map[int64]bool{}}
	d.statistics.key, d.partitions.key = "statistics", "partition-statistics"
	if base != nil {
		d.head, d.previousVersion = base.head, base.head.version
		// The clock of whoever wrote the base may be ahead; time never goes back.
		d.now = max(d.now, base.head.updated)
		return d
	}
	d.head = head{version: version, snapshot: noSnapshot, lastPartition: firstPartitionID - 1}
	d.schemas, d.specs, d.orders = &parts[*schema]{}, &parts[*partitionSpec]{}, &parts[*sortOrder]{}
	d.propertiesLoaded, d.refsLoaded, d.keysLoaded = true, true, true
	return d
}

func (d *draft) loadSchemas() (err error) {
	if d.schemas == nil {
		d.schemas, err = d.base.schemaParts()
	}
	return err
}

func (d *draft) loadSpecs() (err error) {
	if d.specs == nil {
		d.specs, err = d.base.specParts()
	}
	return err
}

func (d *draft) loadOrders() (err error) {
	if d.orders == nil {
		d.orders, err = d.base.orderParts()
	}
	return err
}

// currentSchema is the schema that specs and orders are bound to.
func (d *draft) currentSchema() (*schema, error) {
	if err := d.loadSchemas(); err != nil {
		return nil, err
	}
	s, ok := find(d.schemas, func(s *schema) bool { return s.id == d.head.schema })
	if !ok {
		return nil, invalid("", "no current schema is set")
	}
	return s, nil
}

func (d *draft) loadProperties() error {
	if d.propertiesLoaded {
		return nil
	}
	r := d.base.reader()
	if r.has("properties") {
		d.properties = r.textMap("properties")
	}
	d.propertiesLoaded = true
	return r.err
}

func (d *draft) property(key string) (string, bool) {
	if d.loadProperties() != nil {
		return "", false
	}
	raw, ok := d.properties.get(key)
	if !ok {
		return "", false
	}
	s, err := unquote(raw)
	return s, err == nil
}

func (d *draft) loadRefs() {
	if !d.refsLoaded {
		d.refs, d.refsLoaded = d.base.refsObject(), true
	}
}

// snapshotSequence tells whether a snapshot is there, and what is known of it.
func (d *draft) hasSnapshot(id int64) bool {
	if d.addedSnapshot(id) != nil {
		return true
	}
	if d.removed[id] || d.base == nil {
		return false
	}
	return d.inBase(id)
}

// inBase looks a few snapshots up one by one, and indexes the base for those who
// ask for many.
func (d *draft) inBase(id int64) bool {
	const few = 16
	if d.known == nil && d.lookups < few {
		d.lookups++
		_, ok := d.base.entry(id)
		return ok
	}
	if d.known == nil {
		d.known = make(map[int64]bool, len(d.base.snapshots))
		for _, entry := range d.base.snapshots {
			d.known[entry.id] = true
		}
	}
	return d.known[id]
}

func (d *draft) addedSnapshot(id int64) *snapshot { return d.addedByID[id] }

func (d *draft) setRef(name string, ref SnapshotRef, rest object) error {
	d.loadRefs()
	if raw, ok := d.refs.get(name); ok {
		if existing, r := decodeRef("", raw); r.err == nil && existing == ref {
			return nil
		}
	}
	if !d.hasSnapshot(ref.SnapshotID) {
		return invalid("snapshot-id", "Cannot set %s to unknown snapshot: %d", name, ref.SnapshotID)
	}
	if name == mainBranch && ref.Type != "branch" {
		return invalid("type", "Cannot set %s to a tag, it must be a branch", name)
	}
	if name == mainBranch && ref.SnapshotID == noSnapshot {
		return invalid("snapshot-id", "%d cannot be the current snapshot: it says that there is none", noSnapshot)
	}
	if name == mainBranch {
		d.setMain(ref.SnapshotID)
	}
	d.refs = d.refs.with(name, ref.encode(rest))
	d.refsChanged, d.changed = true, true
	return nil
}

// setMain moves main. The log has the snapshot's own time where this commit
// adds it, else the time of the commit.
func (d *draft) setMain(id int64) {
	d.head.snapshot = id
	entry := logEntry{timestamp: d.now, snapshot: id}
	if added := d.addedSnapshot(id); added != nil {
		entry.timestamp = added.TimestampMS
	}
	d.log = append(d.log, entry)
	d.mainSteps = append(d.mainSteps, id)
}

func (d *draft) removeRef(name string) {
	d.loadRefs()
	if name == mainBranch {
		d.head.snapshot = noSnapshot
	}
	if _, ok := d.refs.get(name); !ok {
		return
	}
	d.refs = d.refs.without(name)
	d.refsChanged, d.changed = true, true
}

// removeSnapshots leaves out snapshots, their statistics, and every branch and
// tag that then leads nowhere.
func (d *draft) removeSnapshots(ids []int64) error {
	gone := make(map[int64]bool, len(ids))
	for _, id := range ids {
		if d.hasSnapshot(id) {
			gone[id], d.removed[id], d.changed = true, true, true
			delete(d.addedByID, id)
		}
	}
	if len(gone) > 0 {
		d.added = slices.DeleteFunc(d.added, func(s *snapshot) bool { return gone[s.ID] })
		if err := d.statistics.remove(d, gone); err != nil {
			return err
		}
		if err := d.partitions.remove(d, gone); err != nil {
			return err
		}
	}
	d.loadRefs()
	for _, ref := range d.refs {
		if decoded, r := decodeRef("", ref.value); r.err == nil && !d.hasSnapshot(decoded.SnapshotID) {
			d.removeRef(ref.key)
		}
	}
	return nil
}

// statisticsDraft is one of the two arrays of statistics files, one a snapshot.
type statisticsDraft struct {
	key     string
	files   []statisticsFile
	loaded  bool
	changed bool
}

type statisticsFile struct {
	snapshot int64
	text     []byte
}

func (s *statisticsDraft) load(d *draft) error {
	if s.loaded || d.base == nil {
		s.loaded = true
		return nil
	}
	r := d.base.reader()
	if r.hasNonNull(s.key) {
		for i, raw := range r.array(s.key) {
			file := read(indexed(s.key, i), raw)
			s.files = append(s.files, statisticsFile{file.long("snapshot-id"), raw})
			r.note(file.err)
		}
	}
	s.loaded = true
	return r.err
}

func (s *statisticsDraft) set(d *draft, id int64, text []byte) error {
	if err := s.load(d); err != nil {
		return err
	}
	s.changed, d.changed = true, true
	for i := range s.files {
		if s.files[i].snapshot == id {
			s.files[i].text = text
			return nil
		}
	}
	s.files = append(s.files, statisticsFile{id, text})
	return nil
}

func (s *statisticsDraft) remove(d *draft, gone map[int64]bool) error {
	if err := s.load(d); err != nil {
		return err
	}
	before := len(s.files)
	s.files = slices.DeleteFunc(s.files, func(f statisticsFile) bool { return gone[f.snapshot] })
	if len(s.files) != before {
		s.changed, d.changed = true, true
	}
	return nil
}

func (s *statisticsDraft) encode() []byte {
	texts := make([][]byte, len(s.files))
	for i, f := range s.files {
		texts[i] = f.text
	}
	return encodeArray(texts)
}

func (d *draft) loadKeys() error {
	if d.keysLoaded {
		return nil
	}
	r := d.base.reader()
	if r.hasNonNull("encryption-keys") {
		d.keys = r.array("encryption-keys")
	}
	d.keysLoaded = true
	return r.err
}

// stripTrailingSlash is what Java does to every location.
func stripTrailingSlash(path string) string {
	for strings.HasSuffix(path, "/") && !strings.HasSuffix(path, "://") {
		path = path[:len(path)-1]
	}
	return path
}
