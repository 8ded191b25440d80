"""Films with known truth, and how well people in them are reconstructed, from video to mesh."""
