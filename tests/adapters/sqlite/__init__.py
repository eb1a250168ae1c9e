"""The SQLite layer against real files, threads and processes."""
