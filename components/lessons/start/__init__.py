"""Lessons of the beginning: the history."""
