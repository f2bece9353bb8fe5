"""A few questions, whose answers become an experiment file."""
