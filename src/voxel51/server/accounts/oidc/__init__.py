"""Signing in by somebody else's word: OpenID Connect, with the authorization code flow and PKCE."""
