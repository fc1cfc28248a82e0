package org.apache.iceberg.rest;

import java.util.List;
import java.util.Map;
import org.apache.iceberg.catalog.Namespace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * Iceberg's tests of scans that the server plans, with their client pointed at the server under
 * test. The one that they start in their own process is left alone. It stands in Iceberg's package
 * because what it extends is visible there only.
 */
public class PlanningTest extends TestRESTScanPlanning {
  @BeforeEach
  @Override
  public void before() throws Exception {
    super.before();
    restCatalog.close();
    restCatalog =
        RCKUtils.initCatalogClient(
            Map.of(
                RESTCatalogProperties.SCAN_PLANNING_MODE,
                RESTCatalogProperties.ScanPlanningMode.SERVER.modeName()));
  }

  @AfterEach
  @Override
  public void after() throws Exception {
    for (Namespace namespace : List.copyOf(restCatalog.listNamespaces())) {
      restCatalog.listTables(namespace).forEach(table -> restCatalog.dropTable(table, false));
      restCatalog.dropNamespace(namespace);
    }
    super.after();
  }
}
