"""Kills `colophon label --in-place` at random moments and checks that every file is either the old one or a whole new one."""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

program, scratch, rounds = os.path.abspath(sys.argv[1]), os.path.join(sys.argv[2], "kill"), int(sys.argv[3])
samples = "internal/app/sample/data"
rng = random.Random(1)
names = [n for n in sorted(os.listdir(samples)) if not n.endswith((".txt", ".ts", ".aac", ".amr"))]
old = {n: open(os.path.join(samples, n), "rb").read() for n in names}
killed = changed = bad = 0
start = time.monotonic()
shutil.copytree(samples, scratch)
subprocess.run([program, "label", "--producer", "me", "--in-place", *[os.path.join(scratch, n) for n in names]], stdout=subprocess.DEVNULL, check=True)
whole = time.monotonic() - start
for _ in range(rounds):
    shutil.rmtree(scratch)
    os.mkdir(scratch)
    for n in names:
        shutil.copy(os.path.join(samples, n), scratch)
    process = subprocess.Popen([program, "label", "--producer", "me", "--in-place", *[os.path.join(scratch, n) for n in names]],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(rng.random() * whole)
    process.send_signal(signal.SIGKILL)
    killed += process.wait() == -9
    for n in names:
        path = os.path.join(scratch, n)
        if open(path, "rb").read() == old[n]:
            continue
        changed += 1
        bad += subprocess.run([program, "verify", path], stdout=subprocess.DEVNULL).returncode != 0
print(f"{rounds} rounds over {len(names)} files, {killed} killed while running; {changed} files were new and conforming, the others untouched; "
      f"{bad} were neither" + (" FAILED" if bad else "") + ".")
