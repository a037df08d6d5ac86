"""HTTP: turn requests into calls of handlers, and results into responses. Knows no nouns, only tables of routes.

| module | subject |
|---|---|
| `route`, `access` | rows of the tables: routes, their policies, kinds of credential |
| `context`, `bodies`, `replies` | what handlers receive and return |
| `application` | the ASGI application: all routes, and what every response has |
| `endpoint` | one request, from credential to response |
| `decoding`, `query` | JSON, form and query bodies |
| `uploads`, `multipart`, `receiving` | files that arrive |
| `downloads`, `proxying`, `event_streams`, `errors` | responses that are not JSON of a handler |
| `idempotency`, `rate_limits`, `signing` | repeated requests, limits per caller, signed links |
| `batch` | one action on many records |
| `openapi`, `api_pages` | description of all routes, and its page for the browser |
"""
