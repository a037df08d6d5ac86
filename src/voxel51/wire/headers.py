"""Names of the HTTP headers that carry credentials."""

AUTHORIZATION = "Authorization"
BEARER = "Bearer"
APPLICATION_KEY = "x-voxel51-application"
APPLICATION_USER = "x-voxel51-application-user"
AGENT_KEY = "X-Voxel51-Agent"
REQUEST_ID = "X-Request-Id"
