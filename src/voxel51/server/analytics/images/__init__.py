"""What is in an image that was uploaded. Knows no analytics, no HTTP and no database."""
