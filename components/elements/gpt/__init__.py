"""Elements of the chapter on GPT."""
