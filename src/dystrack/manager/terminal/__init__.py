"""What a person at the terminal sees of a session, and the key that ends it."""
