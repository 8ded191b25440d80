"""Training and evaluation: data, losses, metrics, the loop. Nothing here runs at inference."""
