"""Built-in analytics, one package each; they use the same entry points as third-party analytics."""
