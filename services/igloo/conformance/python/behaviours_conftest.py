"""Gives PyIceberg's tests of how a catalog behaves, written for its catalogs in
the process, one of Igloo to run on. It is put beside them as their conftest.py.
"""

import os

import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError


class NestedCatalog(RestCatalog):
    """Makes the namespaces above one too, which those catalogs do without."""

    def create_namespace(self, namespace, properties=None):
        levels = self.identifier_to_tuple(namespace)
        for length in range(1, len(levels)):
            try:
                super().create_namespace(levels[:length])
            except NamespaceAlreadyExistsError:
                pass
        super().create_namespace(namespace, properties or {})


@pytest.fixture
def catalog():
    found = NestedCatalog("igloo", uri=os.environ["PYICEBERG_CATALOG__IGLOO__URI"])
    yield found
    drop(found, ())


def drop(catalog, parent):
    for namespace in catalog.list_namespaces(parent):
        drop(catalog, namespace)
        for table in catalog.list_tables(namespace):
            catalog.drop_table(table)
        for view in catalog.list_views(namespace):
            catalog.drop_view(view)
        catalog.drop_namespace(namespace)
