"""The web console. It speaks only the public API; see docs/architecture/console.md."""
