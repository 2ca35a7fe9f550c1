"""Lessons of the chapter on the Transformer."""
