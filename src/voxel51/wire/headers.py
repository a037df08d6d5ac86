"""HTTP headers and cookies: the platform's own, and those that carry credentials."""

AUTHORIZATION = "Authorization"
BEARER = "Bearer"
APPLICATION_KEY = "x-voxel51-application"
APPLICATION_USER = "x-voxel51-application-user"
AGENT_KEY = "X-Voxel51-Agent"
REQUEST_ID = "X-Request-Id"
IDEMPOTENCY_KEY = "Idempotency-Key"
IDEMPOTENCY_REPLAYED = "Idempotency-Replayed"
# Beginnings of names: each platform adds a suffix, so that platforms on one host have cookies of their own.
SESSION_COOKIE = "voxel51_session"
SIGN_IN_COOKIE = "voxel51_sign_in"  # the state of an OIDC sign-in, while the browser is at the provider
SIGN_IN_ERROR_COOKIE = (
    "voxel51_sign_in_error"  # the reason of a failed sign-in, for the page that the browser is sent to
)
