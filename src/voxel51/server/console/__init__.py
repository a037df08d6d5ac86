"""Web console: a browser application that uses only the public API. See docs/architecture/console.md."""
