"""Elements of the start page."""
