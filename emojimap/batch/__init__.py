"""Many photos at once: in processes here, before a GPU, or on a cluster."""
