package iceberg

import "slices"

// lastAdded is how a request names the schema, spec or order that it added
// before, whose id it cannot know.
const lastAdded = -1

func decodeAddSchema(r *reader) update {
	r.take("last-column-id") // deprecated and not read: the highest id of the schema counts
	raw := r.raw("schema")
	if r.err != nil {
		return update{}
	}
	s, err := decodeSchema("schema", raw)
	r.note(err)
	return update{apply: func(d *draft) error { return d.addSchema(s) }}
}

// addSchema gives the schema the next id, or finds the one that is the same.
func (d *draft) addSchema(s *schema) error {
	if err := s.checkVersion("schema", d.head.version); err != nil {
		return err
	}
	if err := d.loadSchemas(); err != nil {
		return err
	}
	id := d.head.schema
	for _, existing := range d.schemas.items {
		if existing.value.same(s) {
			return d.reuseSchema(existing.value.id, s)
		}
		id = max(id, existing.value.id+1)
	}
	added := *s
	added.id, added.hasID = id, true
	d.head.lastColumn = max(d.head.lastColumn, s.highestID())
	d.schemas.add(id, added.encode(), &added)
	d.changed = true
	return nil
}

func (d *draft) reuseSchema(id int, s *schema) error {
	if highest := s.highestID(); highest > d.head.lastColumn {
		d.head.lastColumn, d.changed = highest, true
		d.schemas.lastAdded = &id
		return nil
	}
	d.schemas.reuse(id)
	return nil
}

func decodeSetCurrentSchema(r *reader) update {
	id := r.int("schema-id")
	return update{apply: func(d *draft) error {
		if err := d.loadSchemas(); err != nil {
			return err
		}
		id := id
		if id == lastAdded {
			if d.schemas.lastAdded == nil {
				return invalid("schema-id", "Cannot set last added schema: no schema has been added")
			}
			id = *d.schemas.lastAdded
		}
		if id == d.head.schema {
			return nil
		}
		if _, ok := find(d.schemas, func(s *schema) bool { return s.id == id }); !ok {
			return invalid("schema-id", "Cannot set current schema to unknown schema: %d", id)
		}
		d.head.schema, d.changed = id, true
		return nil
	}}
}

func decodeRemoveSchemas(r *reader) update {
	ids := r.ints("schema-ids")
	return update{apply: func(d *draft) error {
		if slices.Contains(ids, d.head.schema) {
			return invalid("schema-ids", "Cannot remove the current schema %d", d.head.schema)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := d.loadSchemas(); err != nil {
			return err
		}
		d.schemas.keep(func(s *schema) bool { return !slices.Contains(ids, s.id) })
		d.changed = true
		return nil
	}}
}

func decodeAddSpec(r *reader) update {
	raw := r.raw("spec")
	if r.err != nil {
		return update{}
	}
	spec, err := decodePartitionSpec("spec", raw)
	r.note(err)
	return update{apply: func(d *draft) error { return d.addSpec(spec) }}
}

// addSpec gives the spec the next id, or finds the one that is the same.
func (d *draft) addSpec(spec *partitionSpec) error {
	columns, err := d.currentSchema()
	if err != nil {
		return err
	}
	if err := d.loadSpecs(); err != nil {
		return err
	}
	added := &partitionSpec{fields: slices.Clone(spec.fields), rest: spec.rest}
	if err := added.bind("spec", columns); err != nil {
		return err
	}
	for _, existing := range d.specs.items {
		if existing.value.same(added) {
			d.specs.reuse(existing.value.id)
			return nil
		}
		added.id = max(added.id, existing.value.id+1)
	}
	if d.head.version == 1 && !added.sequential() {
		return invalid("spec", "Spec does not use sequential IDs that are required in v1")
	}
	d.head.lastPartition = max(d.head.lastPartition, added.lastID())
	d.specs.add(added.id, added.encode(), added)
	d.changed = true
	return nil
}

func decodeSetDefaultSpec(r *reader) update {
	id := r.int("spec-id")
	return update{apply: func(d *draft) error {
		if err := d.loadSpecs(); err != nil {
			return err
		}
		id := id
		if id == lastAdded {
			if d.specs.lastAdded == nil {
				return invalid("spec-id", "Cannot set last added spec: no spec has been added")
			}
			id = *d.specs.lastAdded
		}
		if id != d.head.spec {
			d.head.spec, d.changed = id, true
		}
		return nil
	}}
}

func decodeRemoveSpecs(r *reader) update {
	ids := r.ints("spec-ids")
	return update{apply: func(d *draft) error {
		if slices.Contains(ids, d.head.spec) {
			return invalid("spec-ids", "Cannot remove the default partition spec %d", d.head.spec)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := d.loadSpecs(); err != nil {
			return err
		}
		d.specs.keep(func(s *partitionSpec) bool { return !slices.Contains(ids, s.id) })
		d.changed = true
		return nil
	}}
}

func decodeAddSortOrder(r *reader) update {
	raw := r.raw("sort-order")
	if r.err != nil {
		return update{}
	}
	order, err := decodeSortOrder("sort-order", raw)
	r.note(err)
	return update{apply: func(d *draft) error { return d.addSortOrder(order) }}
}

// addSortOrder gives the order the next id, or finds the one that is the same.
func (d *draft) addSortOrder(order *sortOrder) error {
	columns, err := d.currentSchema()
	if err != nil {
		return err
	}
	if err := d.loadOrders(); err != nil {
		return err
	}
	if err := order.bind("sort-order", columns); err != nil {
		return err
	}
	added := &sortOrder{fields: order.fields, rest: order.rest}
	if !order.unsorted() {
		added.id = 1
	}
	for _, existing := range d.orders.items {
		if existing.value.same(order) {
			d.orders.reuse(existing.value.id)
			return nil
		}
		if !order.unsorted() {
			added.id = max(added.id, existing.value.id+1)
		}
	}
	d.orders.add(added.id, added.encode(), added)
	d.changed = true
	return nil
}

func decodeSetDefaultSortOrder(r *reader) update {
	id := r.int("sort-order-id")
	return update{apply: func(d *draft) error {
		if err := d.loadOrders(); err != nil {
			return err
		}
		id := id
		if id == lastAdded {
			if d.orders.lastAdded == nil {
				return invalid("sort-order-id", "Cannot set last added sort order: no sort order has been added")
			}
			id = *d.orders.lastAdded
		}
		if id != d.head.order {
			d.head.order, d.changed = id, true
		}
		return nil
	}}
}
