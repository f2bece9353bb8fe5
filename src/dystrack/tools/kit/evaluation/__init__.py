"""A verdict on a pipeline: many prescans, each under stress, and what came of them."""
