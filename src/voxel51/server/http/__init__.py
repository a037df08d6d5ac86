"""Turning HTTP into calls and back. Knows no nouns: these come as tables of routes.

- `route`: what a route is and what its handler gets and gives
- `endpoint`: one request, from credentials to answer
- `query`, `uploads`: reading what came
- `downloads`, `errors`: writing what goes out
- `signing`: links that carry their own permission
- `openapi`: the description of all routes, and its human page
"""
