"""Trained models: read safely, applied to large images, and what they give."""
