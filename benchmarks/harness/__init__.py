"""Running contenders in turns, and telling what came out."""
