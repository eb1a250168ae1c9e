"""SQLite: one file, one migration sequence, one writer and several readers per process. Start at `database.py`."""
