"""A report of a model to hand on: one page that needs neither a network nor a script."""
