"""What a simulated microscope sees."""
