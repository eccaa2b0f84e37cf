"""What keeps an answer's process from everything that is not its own; Linux, through ctypes."""

import contextlib
import ctypes
import errno
import os
import struct
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 36, 38
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 1 << 17, 1 << 27, 1 << 29, 1 << 30
MS_RECURSIVE, MS_PRIVATE, HARMLESS = 0x4000, 1 << 18, 2 | 4 | 8  # no set-uid, devices, programs
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, NO_TIMES, ALL_TIMES = 442, -100, 0x8000, 0x10, 0x70
NOBODY = 62000

# Landlock: https://docs.kernel.org/userspace-api/landlock.html
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEV = 1, 2, 4, 8, 1 << 14, 1 << 15
EVERYTHING = (1 << 13) - 1  # of the first version
READ, ON_FILES = EXECUTE | READ_FILE | READ_DIR, EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE


def no_new_privileges() -> None:
    """No program that this process starts gets more rights than it has."""
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def become(uid: int) -> None:
    """Another user, who owns nothing, for good."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def no_network() -> None:
    """A network without any device, and no System V objects of others, for this process."""
    _checked("unshare", libc.unshare(CLONE_NEWNET | CLONE_NEWIPC))


def no_access_times() -> None:
    """Reading a file leaves no trace: mounts of this process's own, which keep no access times."""
    _own_mounts()
    attributes = struct.pack("4Q", NO_TIMES, ALL_TIMES, 0, 0)
    how = (AT_FDCWD, b"/", AT_RECURSIVE, attributes, len(attributes))
    _checked("mount_setattr", libc.syscall(MOUNT_SETATTR, *how))


def _own_mounts() -> None:
    _checked("unshare", libc.unshare(CLONE_NEWNS))
    _checked("mount", libc.mount(b"none", b"/", None, MS_RECURSIVE | MS_PRIVATE, None))


def fork_apart(home: int) -> int:
    """``os.fork`` into a numbering of processes of its own; ``home`` is open on this one's."""
    _checked("unshare", libc.unshare(CLONE_NEWPID))
    try:
        return os.fork()
    finally:
        if os.getpid() != 1:
            _checked("setns", libc.setns(home, CLONE_NEWPID))


def own_processes() -> None:
    """See no process but this one and those that it starts, after ``fork_apart``."""
    _own_mounts()
    _checked("mount", libc.mount(b"proc", b"/proc", b"proc", HARMLESS, None))


def processes_apart() -> None:
    """What numbering processes apart takes: a child that is the first of all that it sees."""
    home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    pid = fork_apart(home)
    if pid == 0:
        with contextlib.suppress(BaseException):
            own_processes()
            os._exit(0 if Path("/proc/self").readlink().name == "1" else 1)
        os._exit(1)
    os.close(home)
    if os.waitpid(pid, 0)[1]:
        raise OSError(errno.EPERM, "no /proc of its own")


def _checked(call: str, result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), call)


def readable_places() -> list[Path]:
    """What an answer may read: Python, its packages, ``helpers``, and the system's libraries."""
    import helpers

    # Not all of /usr or /etc: /usr/local/share is where nbgrader collects, /etc has passwords.
    named = "/lib /lib64 /bin /usr/lib /usr/lib64 /usr/bin /usr/share /usr/local/lib"
    files = "alternatives ld.so.cache localtime passwd group nsswitch.conf mime.types"
    numbers = "/proc/cpuinfo /proc/meminfo /sys/devices/system /dev/zero /dev/urandom"
    prefixes = {Path(p) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    python = [p / part for p in prefixes for part in ("bin", "lib", "lib64", "pyvenv.cfg")]
    etc = [Path("/etc", name) for name in (*files.split(), "ssl/openssl.cnf")]
    own = [Path(path).parent for path in [helpers.__file__] if path]
    return [*map(Path, f"{named} {numbers} /dev/random".split()), *etc, *python, *own]


def landlock(readable: Sequence[Path], writable: Sequence[Path]) -> None:
    """No files but these, no connections, and no signals to processes outside; for good."""
    version = libc.syscall(CREATE_RULESET, None, 0, 1)
    if version < 1:
        raise OSError(ctypes.get_errno(), "the kernel has no Landlock")
    handled = EVERYTHING | (1 << 13 if version >= 2 else 0)
    handled |= (TRUNCATE if version >= 3 else 0) | (IOCTL_DEV if version >= 5 else 0)
    fields = [handled, 3 if version >= 4 else 0, 3 if version >= 6 else 0]
    used = fields[: 1 if version < 4 else 2 if version < 6 else 3]
    attributes = struct.pack(f"{len(used)}Q", *used)
    ruleset = libc.syscall(CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    try:
        for places, access in ((readable, READ), (writable, handled & ~EXECUTE)):
            for place in places:
                _rule(ruleset, place, access & handled)
        no_new_privileges()
        if libc.syscall(RESTRICT_SELF, ruleset, 0):
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _rule(ruleset: int, place: Path, access: int) -> None:
    try:
        opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine
    try:
        if not place.is_dir():
            access &= ON_FILES
        if libc.syscall(ADD_RULE, ruleset, 1, struct.pack("=Qi", access, opened), 0):
            raise OSError(ctypes.get_errno(), f"landlock_add_rule for {place}")
    finally:
        os.close(opened)


def another_user() -> None:
    """What running an answer as another user takes: giving it a folder, and becoming that user."""
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, NOBODY)
    become(NOBODY)
