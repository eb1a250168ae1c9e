"""What happens as numbers, in the text format of Prometheus."""
