"""Lessons of the chapter on BERT."""
