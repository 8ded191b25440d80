"""What the tracker is made of: one person's track, who is confirmed when, whom to keep."""
