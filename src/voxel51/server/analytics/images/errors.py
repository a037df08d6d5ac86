"""Why something is not taken for an image."""


class NoImage(Exception):
    """It is none: the text says what was found, to follow 'The image cannot be used: '."""
