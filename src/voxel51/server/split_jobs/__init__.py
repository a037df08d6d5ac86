"""Split jobs: run one job as parts of its video, side by side, and merge the outputs of the parts."""
