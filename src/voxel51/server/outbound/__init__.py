"""Outbound requests: HTTP requests that the platform sends to other hosts, guarded against request forgery (SSRF)."""
