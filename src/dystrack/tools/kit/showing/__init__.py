"""What a pipeline does to a prescan, step by step, without a display."""
