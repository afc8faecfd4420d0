"""Labels, reads and verifies big files of several formats and prints the peak memory of each."""
import os
import struct
import subprocess
import sys

program, scratch, size = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3]) << 30
samples = "internal/app/sample/data"
LIMIT = 64


def sample(name):
    return open(os.path.join(samples, name), "rb").read()


def noise(f, n):
    block = os.urandom(1 << 20)
    while n > 0:
        f.write(block[:min(n, len(block))])
        n -= len(block)


def mp4(path, front):
    """A movie whose mdat grew: the sample's boxes with a big mdat behind or in front of moov."""
    boxes, b, at = {}, sample("sample.mp4"), 0
    while at < len(b):
        n, kind = struct.unpack(">I4s", b[at:at + 8])
        boxes[kind] = b[at:at + n]
        at += n
    with open(path, "wb") as f:
        f.write(boxes[b"ftyp"])
        body = boxes[b"mdat"][8:]
        if front:
            f.write(boxes[b"moov"])
        f.write(struct.pack(">I4sQ", 1, b"mdat", 16 + len(body) + size))
        f.write(body)
        noise(f, size)
        if not front:
            f.write(boxes[b"moov"])


def wav(path):
    with open(path, "wb") as f:
        f.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 1, 16000, 32000, 2, 16, b"data", size))
        noise(f, size)


def after(name):
    """The sample with audio behind it; frames that a decoder would skip are still the format's payload."""
    def make(path):
        with open(path, "wb") as f:
            f.write(sample(name))
            frame = sample(name)[-1024:]
            for _ in range(size // (1 << 20)):
                f.write(frame * 1024)
    return make


def png(path):
    import zlib
    b = sample("sample.png")
    at = b.index(b"IDAT") - 4
    with open(path, "wb") as f:
        f.write(b[:at])
        block = os.urandom(8 << 20)
        chunk = struct.pack(">I4s", len(block), b"IDAT") + block + struct.pack(">I", zlib.crc32(b"IDAT" + block))
        for _ in range(size // len(block)):
            f.write(chunk)
        f.write(b[at:])


def mkv(path):
    """Clusters of unknown content behind the sample's own; the segment's size is set to unknown."""
    b = sample("sample.mkv")
    at = b.index(bytes.fromhex("18538067")) + 4
    b = b[:at] + b"\x01" + b"\xff" * 7 + b[at + 8:]
    with open(path, "wb") as f:
        f.write(b)
        block = os.urandom(16 << 20)
        cluster = bytes.fromhex("1f43b675") + struct.pack(">Q", 1 << 56 | len(block) + 19) + b"\xe7\x88" + bytes(8) + b"\xa3" + struct.pack(">Q", 1 << 56 | len(block)) + block
        for _ in range(size // len(block)):
            f.write(cluster)


def run(*args):
    """Runs the program and returns its exit code and peak memory in MiB."""
    process = subprocess.Popen([program, *args], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss >> 10


print("| file | label | read | verify |\n|---|---|---|---|")
for name, make in [("mp4, moov in front", lambda p: mp4(p, True)), ("mp4, moov behind", lambda p: mp4(p, False)), ("wav", wav), ("mp3", after("sample.mp3")),
                   ("png", png), ("mkv", mkv)]:
    path = os.path.join(scratch, "big." + name.split(",")[0])
    # In a process of its own: a child's peak memory counts what its parent held when it was started.
    maker = os.fork()
    if maker == 0:
        make(path)
        os._exit(0)
    if os.waitpid(maker, 0)[1] != 0:
        sys.exit(f"{name}: FAILED to make the file")
    out = os.path.join(scratch, "out")
    cells, failed = [], False
    for args in (("label", "--notice", "none", "--no-sync", "--producer", "me", "--out", out, path), ("read", os.path.join(out, os.path.basename(path))),
                 ("verify", os.path.join(out, os.path.basename(path)))):
        code, peak = run(*args)
        failed |= code != 0 or peak > LIMIT
        cells.append(f"{peak} MiB" + (f" (exit {code})" if code else ""))
    print(f"| {name} | " + " | ".join(cells) + " |" + (" FAILED" if failed else ""))
    subprocess.run(["rm", "-rf", out, path], check=True)
