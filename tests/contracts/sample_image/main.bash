# Run the sample analytic that the link for the log names: a runner gives an image no arguments.
exec python -m voxel51.platform.run "samples/${LOGFILE_SIGNED_URL##*sample=}"
