"""A simulated microscope: behind the contract of a scope, or with a macro of its own."""
