"""Process runner: attempts as child processes of this machine, forked from a zygote."""
