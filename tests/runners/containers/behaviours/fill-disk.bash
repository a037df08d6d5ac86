dd if=/dev/zero of=/tmp/full bs=1M count=100000 && echo "WROTE IT"; sleep 600
