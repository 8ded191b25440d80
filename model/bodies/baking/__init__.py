"""What the bake of the built-in body is made of; needs the `bake` extra, and nothing needs it."""
