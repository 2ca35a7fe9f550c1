"""How it came about: recurrent networks, the chain rule, two kinds of models, looking up."""
