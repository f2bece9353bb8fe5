"""One tracking session: from a folder that is watched to coordinates that are sent."""
