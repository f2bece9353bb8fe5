"""Commands that try a pipeline before a sample is at stake."""
