"""What is done before and after a session."""
