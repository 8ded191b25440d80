"""The faster twin of the network; each piece answers as its plain counterpart in `model`."""
