"""Weights that ship with emojimap, with their manifest and cards."""
