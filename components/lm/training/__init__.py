"""What a model knows along its training."""
