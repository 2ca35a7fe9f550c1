"""Elements of the chapter on BERT."""
