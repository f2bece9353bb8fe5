"""Files through which coordinates reach a macro: there complete, or not at all."""
