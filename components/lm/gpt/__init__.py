"""What GPT does: the next token, the choice of it, the text that comes out."""
