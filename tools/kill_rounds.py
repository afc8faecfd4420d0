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
every = [n for n in sorted(os.listdir(samples)) if not n.endswith((".txt", ".ts", ".aac", ".amr"))]
old = {n: open(os.path.join(samples, n), "rb").read() for n in every}
# Marks of all kinds in turn: the label alone on every format, and both marks where no other program is needed.
alone = [n for n in every if not n.endswith((".heic", ".mp4", ".mov", ".mkv", ".webm", ".avi", ".flv", ".m4a", ".mp3", ".ogg", ".opus"))]
runs = [(every, ["--notice", "none"]), (alone, [])]
killed = changed = bad = 0


def fresh(names):
    shutil.rmtree(scratch, ignore_errors=True)
    os.mkdir(scratch)
    return [shutil.copy(os.path.join(samples, n), scratch) for n in names]


whole = []
for names, flags in runs:
    files = fresh(names)
    start = time.monotonic()
    subprocess.run([program, "label", "--producer", "me", "--in-place", *flags, *files], stdout=subprocess.DEVNULL, check=True)
    whole.append(time.monotonic() - start)
for i in range(rounds):
    names, flags = runs[i % 2]
    files = fresh(names)
    process = subprocess.Popen([program, "label", "--producer", "me", "--in-place", *flags, *files], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(rng.random() * whole[i % 2])
    process.send_signal(signal.SIGKILL)
    killed += process.wait() == -9
    for n in names:
        path = os.path.join(scratch, n)
        if open(path, "rb").read() == old[n]:
            continue
        changed += 1
        bad += subprocess.run([program, "verify", path], stdout=subprocess.DEVNULL).returncode != 0
print(f"{rounds} rounds over {len(every)} files, {killed} killed while running; {changed} files were new and conforming, the others untouched; "
      f"{bad} were neither" + (" FAILED" if bad else "") + ".")
