"""Made-up mail of panels of classification societies, with the truth about each: what a reader should find in it."""
