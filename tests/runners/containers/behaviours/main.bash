# Run the script that the variable JOB_ID names: a runner gives an image no arguments.
exec bash "/behaviours/$JOB_ID.bash"
