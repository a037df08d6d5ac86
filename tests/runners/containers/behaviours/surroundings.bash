python - <<'P'
import json, os
status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
print("SURROUNDINGS", json.dumps({
    "environment": dict(os.environ), "user": os.getuid(), "folder": os.getcwd(),
    "capabilities": [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "no_new_privileges": status["NoNewPrivs"], "seccomp": status["Seccomp"],
    "processes": [name for name in os.listdir("/proc") if name.isdigit()],
    "sockets": [os.path.join(top, name) for top, _, names in os.walk("/", topdown=True) for name in names if name.endswith(".sock")],
}))
P
