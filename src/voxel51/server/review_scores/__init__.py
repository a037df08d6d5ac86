"""Review scores: precision and recall of an analytic on the videos whose labels its users have reviewed."""
