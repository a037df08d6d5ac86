# As another user, run a program that belongs to root and has the bit that makes it run as root.
cp /usr/bin/id /engine/id-of-root && chmod u+s /engine/id-of-root
python - <<'P'
import os, subprocess
try:
    os.setuid(1000)
except OSError as error:
    print("NO OTHER USER", error.strerror)
print("ID", subprocess.run(["/engine/id-of-root"], capture_output=True, text=True).stdout)
P
for path in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/kernel/uevent_helper; do
    (echo x > "$path") 2>/dev/null && echo "WROTE $path"
done
mount -t tmpfs none /mnt 2>/dev/null && echo MOUNTED
python -c 'import os; os.unshare' 2>/dev/null
python - <<'P'
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for name, flag in (("user", 0x10000000), ("mount", 0x20000), ("net", 0x40000000)):
    if libc.unshare(flag) == 0:
        print("UNSHARED", name)
P
