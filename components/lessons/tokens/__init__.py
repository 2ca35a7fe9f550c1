"""Lessons of the chapter on Tokens."""
