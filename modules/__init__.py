"""Programs: each module has its own composition root and boundary schema."""
