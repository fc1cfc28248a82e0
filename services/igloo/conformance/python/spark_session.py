"""Starts the Spark of a test, small enough for a machine that has other work."""

import os

from pyspark.sql import SparkSession


def start(warehouse, jars, catalogs):
    """Starts a Spark on the catalog at IGLOO_URL, which it has under each of the names, with the properties of each."""
    settings = {
        "spark.jars": ",".join(jars),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.defaultCatalog": next(iter(catalogs)),
        "spark.sql.warehouse.dir": str(warehouse),
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",  # it is over before more pays off
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    for name, properties in catalogs.items():
        catalog = f"spark.sql.catalog.{name}"
        settings |= {catalog: "org.apache.iceberg.spark.SparkCatalog", f"{catalog}.type": "rest", f"{catalog}.uri": os.environ["IGLOO_URL"]}
        settings |= {f"{catalog}.{key}": value for key, value in properties.items()}
    builder = SparkSession.builder.master("local[2]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark
