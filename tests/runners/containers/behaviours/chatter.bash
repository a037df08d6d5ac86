python -c 'for _ in range(1 << 10): print("x" * 1023 + "\n" + "y" * ((1 << 20) - 1025))'
echo the last line
