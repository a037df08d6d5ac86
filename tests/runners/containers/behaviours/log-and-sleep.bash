echo what the image logs > /var/log/image.log; echo what it prints; sleep 600
