"""Lessons of the chapter on fine-tuning."""
