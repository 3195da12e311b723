"""Held-out scores: nothing here trains or tunes anything."""
