"""Reviews: versions of the labels of jobs, as users corrected them."""
