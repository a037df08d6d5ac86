"""Database: records in SQLite in the data folder, or in PostgreSQL."""
