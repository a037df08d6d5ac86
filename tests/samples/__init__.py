"""Sample analytics, correct and faulty, for tests of the code that runs analytics."""
