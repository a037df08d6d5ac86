"""Small analytics that behave and misbehave, for tests of what runs analytics."""
