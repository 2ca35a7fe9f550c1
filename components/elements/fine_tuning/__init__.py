"""Elements of the chapter on fine-tuning."""
