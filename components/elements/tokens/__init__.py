"""Elements of the chapter on Tokens."""
