"""Names of the HTTP headers that are the platform's own, and of those and the cookie that carry credentials."""

AUTHORIZATION = "Authorization"
BEARER = "Bearer"
APPLICATION_KEY = "x-voxel51-application"
APPLICATION_USER = "x-voxel51-application-user"
AGENT_KEY = "X-Voxel51-Agent"
REQUEST_ID = "X-Request-Id"
IDEMPOTENCY_KEY = "Idempotency-Key"
IDEMPOTENCY_REPLAYED = "Idempotency-Replayed"
SESSION_COOKIE = "voxel51_session"
SIGN_IN_COOKIE = "voxel51_sign_in"  # while one is away at another provider
REFUSAL_COOKIE = "voxel51_refusal"  # why a browser was refused, for the page that it is sent to
