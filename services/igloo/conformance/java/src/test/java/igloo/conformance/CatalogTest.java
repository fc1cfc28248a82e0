package igloo.conformance;

import java.util.List;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.rest.RESTCatalog;
import org.apache.iceberg.rest.RESTCompatibilityKitCatalogTests;
import org.junit.jupiter.api.AfterEach;

/**
 * The kit's tests of catalogs with everything on that it leaves off for other servers: nested
 * namespaces, and names with slashes. (Dots and variants are settings of the kit itself.)
 */
public class CatalogTest extends RESTCompatibilityKitCatalogTests {
  @Override
  protected boolean supportsNestedNamespaces() {
    return true;
  }

  @Override
  protected boolean supportsNamesWithSlashes() {
    return true;
  }

  /** The kit clears five flat namespaces only, and these tests make others. */
  @AfterEach
  void dropEverything() {
    drop(catalog(), Namespace.empty());
  }

  private static void drop(RESTCatalog catalog, Namespace parent) {
    for (Namespace namespace : List.copyOf(catalog.listNamespaces(parent))) {
      drop(catalog, namespace);
      catalog.listTables(namespace).forEach(table -> catalog.dropTable(table, false));
      catalog.listViews(namespace).forEach(catalog::dropView);
      catalog.dropNamespace(namespace);
    }
  }
}
