"""What an evaluation comes to: in the terminal, as a page, in words."""
