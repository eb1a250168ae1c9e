"""Scripted and hostile doubles; each says which promise it breaks."""
