"""The page of sessions and its interface for programs: requests → what `live` knows."""
