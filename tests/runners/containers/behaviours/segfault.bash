bash -c "kill -SEGV \$\$"
