"""The pages of the chapter on alignment."""
