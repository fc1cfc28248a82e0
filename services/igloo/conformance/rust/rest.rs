//! iceberg-rust at work on the catalog at IGLOO_URL: what its REST client and its
//! transactions can do, each in a namespace of its own.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use futures::TryStreamExt;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::expr::Reference;
use iceberg::io::LocalFsStorageFactory;
use iceberg::spec::{DataFile, DataFileFormat, Datum, NestedField, PrimitiveType, Schema, Transform, Type, UnboundPartitionSpec};
use iceberg::table::Table;
use iceberg::transaction::{AddColumn, ApplyTransactionAction, Transaction};
use iceberg::writer::base_writer::data_file_writer::DataFileWriterBuilder;
use iceberg::writer::file_writer::ParquetWriterBuilder;
use iceberg::writer::file_writer::location_generator::{DefaultFileNameGenerator, DefaultLocationGenerator};
use iceberg::writer::file_writer::rolling_writer::RollingFileWriterBuilder;
use iceberg::writer::{IcebergWriter, IcebergWriterBuilder};
use iceberg::{Catalog, CatalogBuilder, ErrorKind, NamespaceIdent, Result, TableCreation, TableIdent};
use iceberg_catalog_rest::{REST_CATALOG_PROP_URI, RestCatalog, RestCatalogBuilder};
use parquet::file::properties::WriterProperties;

async fn open(name: &str) -> Result<(RestCatalog, NamespaceIdent)> {
    let url = std::env::var("IGLOO_URL").expect("IGLOO_URL is the catalog");
    let catalog = RestCatalogBuilder::default()
        .with_storage_factory(Arc::new(LocalFsStorageFactory))
        .load("igloo", HashMap::from([(REST_CATALOG_PROP_URI.to_string(), url)]))
        .await?;
    let namespace = NamespaceIdent::new(format!("rust_{name}"));
    catalog.create_namespace(&namespace, HashMap::from([("team".to_string(), "snow".to_string())])).await?;
    Ok((catalog, namespace))
}

fn columns() -> Result<Schema> {
    Schema::builder()
        .with_fields(vec![
            NestedField::optional(1, "id", Type::Primitive(PrimitiveType::Long)).into(),
            NestedField::optional(2, "name", Type::Primitive(PrimitiveType::String)).into(),
        ])
        .build()
}

async fn create(catalog: &RestCatalog, namespace: &NamespaceIdent, name: &str) -> Result<Table> {
    let creation = TableCreation::builder().name(name.to_string()).schema(columns()?).build();
    catalog.create_table(namespace, creation).await
}

/// Writes a file with one row for each id.
async fn write(table: &Table, ids: std::ops::Range<i64>) -> Result<Vec<DataFile>> {
    let schema = Arc::new(schema_to_arrow_schema(table.metadata().current_schema())?);
    let names = ids.clone().map(|id| format!("row {id}"));
    let batch = RecordBatch::try_new(schema, vec![
        Arc::new(Int64Array::from_iter_values(ids.clone())),
        Arc::new(StringArray::from_iter_values(names)),
    ])
    .expect("columns fit the schema");
    let parquet = ParquetWriterBuilder::new(WriterProperties::default(), table.metadata().current_schema().clone());
    let files = RollingFileWriterBuilder::new_with_default_file_size(
        parquet,
        table.file_io().clone(),
        DefaultLocationGenerator::new(table.metadata())?,
        DefaultFileNameGenerator::new(format!("ids-{}-{}", ids.start, ids.end), None, DataFileFormat::Parquet),
    );
    let mut writer = DataFileWriterBuilder::new(files).build(None).await?;
    writer.write(batch).await?;
    writer.close().await
}

async fn append(catalog: &RestCatalog, table: &Table, ids: std::ops::Range<i64>) -> Result<Table> {
    let transaction = Transaction::new(table);
    let action = transaction.fast_append().add_data_files(write(table, ids).await?);
    action.apply(transaction)?.commit(catalog).await
}

async fn count(scan: iceberg::scan::TableScan) -> Result<usize> {
    let batches: Vec<RecordBatch> = scan.to_arrow().await?.try_collect().await?;
    Ok(batches.iter().map(RecordBatch::num_rows).sum())
}

#[tokio::test]
async fn namespaces() -> Result<()> {
    let (catalog, namespace) = open("namespaces").await?;
    let below = NamespaceIdent::from_vec(vec![namespace[0].clone(), "be low".to_string()])?;
    catalog.create_namespace(&below, HashMap::new()).await?;
    let again = catalog.create_namespace(&below, HashMap::new()).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::NamespaceAlreadyExists);
    assert_eq!(catalog.list_namespaces(Some(&namespace)).await?, vec![below.clone()]);
    assert_eq!(catalog.get_namespace(&namespace).await?.properties()["team"], "snow");
    catalog.drop_namespace(&below).await?;
    assert!(!catalog.namespace_exists(&below).await?);
    Ok(())
}

#[tokio::test]
async fn tables() -> Result<()> {
    let (catalog, namespace) = open("tables").await?;
    let spec = UnboundPartitionSpec::builder().add_partition_field(1, "b", Transform::Bucket(4))?.build();
    let creation = TableCreation::builder()
        .name("t".to_string())
        .schema(columns()?)
        .partition_spec(spec)
        .properties([("k".to_string(), "v".to_string())])
        .build();
    let created = catalog.create_table(&namespace, creation).await?;
    let again = create(&catalog, &namespace, "t").await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::TableAlreadyExists);
    let loaded = catalog.load_table(created.identifier()).await?;
    assert_eq!(loaded.metadata(), created.metadata());
    assert_eq!(loaded.metadata().properties()["k"], "v");
    let renamed = TableIdent::new(namespace.clone(), "u".to_string());
    catalog.rename_table(created.identifier(), &renamed).await?;
    assert_eq!(catalog.list_tables(&namespace).await?, vec![renamed.clone()]);
    catalog.drop_table(&renamed).await?;
    assert!(!catalog.table_exists(&renamed).await?);
    let missing = catalog.load_table(&renamed).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::TableNotFound);
    let location = created.metadata_location().expect("a created table has a metadata file").to_string();
    let registered = catalog.register_table(&renamed, location).await?;
    assert_eq!(registered.metadata().uuid(), created.metadata().uuid());
    Ok(())
}

#[tokio::test]
async fn append_and_scan() -> Result<()> {
    let (catalog, namespace) = open("append").await?;
    let created = create(&catalog, &namespace, "t").await?;
    let first = append(&catalog, &created, 0..10).await?;
    append(&catalog, &first, 10..15).await?;
    let loaded = catalog.load_table(created.identifier()).await?;
    assert_eq!(count(loaded.scan().build()?).await?, 15);
    let filter = Reference::new("id").greater_than_or_equal_to(Datum::long(12));
    assert_eq!(count(loaded.scan().with_filter(filter).build()?).await?, 3);
    let snapshot = first.metadata().current_snapshot_id().expect("an append makes a snapshot");
    assert_eq!(count(loaded.scan().snapshot_id(snapshot).build()?).await?, 10);
    Ok(())
}

#[tokio::test]
async fn evolution() -> Result<()> {
    let (catalog, namespace) = open("evolution").await?;
    let created = create(&catalog, &namespace, "t").await?;
    let transaction = Transaction::new(&created);
    let transaction = transaction.update_table_properties().set("k".to_string(), "v".to_string()).apply(transaction)?;
    let column = AddColumn::optional("score", Type::Primitive(PrimitiveType::Int));
    let transaction = transaction.update_schema().add_column(column).apply(transaction)?;
    let changed = transaction.commit(&catalog).await?;
    assert_eq!(changed.metadata().properties()["k"], "v");
    assert!(changed.metadata().current_schema().field_by_name("score").is_some());
    Ok(())
}

/// Every writer begins on the version without rows; each but one has to go again.
#[tokio::test]
async fn concurrent_appends() -> Result<()> {
    const WRITERS: i64 = 4;
    let (catalog, namespace) = open("concurrent").await?;
    let created = create(&catalog, &namespace, "t").await?;
    let writers = (0..WRITERS).map(|id| append(&catalog, &created, id..id + 1));
    futures::future::try_join_all(writers).await?;
    let loaded = catalog.load_table(created.identifier()).await?;
    assert_eq!(count(loaded.scan().build()?).await? as i64, WRITERS);
    assert_eq!(loaded.metadata().snapshots().count() as i64, WRITERS);
    Ok(())
}
