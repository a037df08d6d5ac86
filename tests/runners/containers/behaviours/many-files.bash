python - <<'P'
for number in range(1_000_000):
    open(f"/engine/{number}", "w").close()
print("MADE THEM", flush=True)
P
