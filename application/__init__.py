"""Use cases: attrs classes with ports as fields and verbs as methods. No technology."""
