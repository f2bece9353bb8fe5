"""Image files: whether they are complete, what they hold, and their pixels."""
