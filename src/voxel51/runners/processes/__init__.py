"""Process runner: attempts as child processes of this machine, forked in milliseconds from a preloaded zygote."""
