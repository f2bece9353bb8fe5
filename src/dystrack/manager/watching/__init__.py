"""From a folder to complete images."""
