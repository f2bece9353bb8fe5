"""Objects in an image: how many, which one, where it is."""
