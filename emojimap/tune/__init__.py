"""Colour settings fitted to photos whose true colours a person has picked."""
