# Connect to each address in the variable API_TOKEN, a JSON list of hosts and ports, and print what each sends back.
python - <<'P'
import json, os, socket
for host, port in json.loads(os.environ["API_TOKEN"]):
    try:
        with socket.create_connection((host, port), timeout=20) as connection:
            connection.sendall(b"hello")
            print("GOT", connection.recv(5).decode() or "closed", flush=True)
    except OSError as error:
        print("GOT", type(error).__name__, flush=True)
print("HOSTS", [line.split() for line in open("/etc/hosts") if "127.51" in line])
P
