"""Lessons of the chapter on GPT."""
