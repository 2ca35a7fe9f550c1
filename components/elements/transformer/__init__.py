"""Elements of the chapter on the Transformer."""
