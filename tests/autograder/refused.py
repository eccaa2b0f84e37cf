"""An answer that asks for what no answer is given, and prints GIVEN for what it got."""

CALLS = """
import ctypes, fcntl, os
libc = ctypes.CDLL(None, use_errno=True)
args = (ctypes.c_char_p * 2)(b"true", None)
with open("mine", "wb") as file:
    fd = file.fileno()
    for name, call in {
        "fork": libc.fork, "vfork": libc.vfork, "execv": lambda: libc.execv(b"/bin/true", args),
        "fanotify": lambda: libc.fanotify_init(0, 0), "flock": lambda: libc.flock(fd, 1),
        "lease": lambda: libc.fcntl(fd, 1024, 1), "lock": lambda: libc.fcntl(fd, 6, bytes(32)),
        "flags": lambda: libc.ioctl(fd, 0x40086602, bytes(8)), "syncfs": lambda: libc.syncfs(fd),
        "version": lambda: libc.ioctl(fd, 0x40087602, bytes(8)),
        "pipe": lambda: libc.pipe(bytes(8)), "shm": lambda: libc.shmget(7, 99, 0o1666),
        "queue": lambda: libc.mq_open(b"/x", 66, 0o666, None),
    }.items():
        if call() != -1: print("GIVEN", name)
try: print("GIVEN", open("/proc/stat").read())
except OSError: pass
class Encoder(nn.Module):
    pass
"""
