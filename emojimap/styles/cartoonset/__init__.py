"""Google's Cartoon Set as a style: reading its pictures, choosing among them, painting them."""
