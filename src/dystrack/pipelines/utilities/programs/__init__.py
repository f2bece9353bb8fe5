"""Other programs, run beside a pipeline, that never outlive it."""
