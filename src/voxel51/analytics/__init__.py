"""The analytics that come with the platform, a folder each; they enter by the same door as everybody's."""
