"""Pages for a browser on the same computer."""
