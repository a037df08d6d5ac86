"""SQL over labels: tables of the labels of many jobs, and read-only queries by DuckDB.

- `voxel51.labels.sql.tables`: the tables, and how they are made of Parquet files
- `voxel51.labels.sql.query`: run a query within limits, and write its result
"""
