"""A function's signature and docstring become command-line options."""
