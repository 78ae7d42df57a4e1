"""What is known of one line at one moment, counted over exact windows of its events."""
