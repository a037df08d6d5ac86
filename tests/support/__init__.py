"""Shared helpers of the tests: platforms, accounts, servers, browsers and sample files."""
