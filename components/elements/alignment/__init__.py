"""Elements of the chapter on alignment."""
