"""The commands `mail sync`, `mail stats` and `mail reconcile`."""
