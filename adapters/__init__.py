"""One package per technology, each implementing ports. They know neither each other nor the application."""
