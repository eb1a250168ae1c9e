"""Rules of the design that a machine can check; for each, a planted breach is seen to be caught."""
