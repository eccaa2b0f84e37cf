"""What keeps an answer's process from everything that is not its own; Linux, through ctypes.

Each mechanism is tried once, in a child process, when the sandbox starts: what does not work here
is known, told by ``python -m autograder doctor``, and recorded in every results.json.
"""

import ctypes
import os
import platform
import struct
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)

PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 22, 36, 38
CLONE_NEWNET, CLONE_NEWIPC = 0x40000000, 0x08000000
NOBODY = 62000

# Landlock: https://docs.kernel.org/userspace-api/landlock.html
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEV = 1, 2, 4, 8, 1 << 14, 1 << 15
EVERYTHING = (1 << 13) - 1  # of the first version
READ, ON_FILES = EXECUTE | READ_FILE | READ_DIR, EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE

# seccomp-bpf: https://docs.kernel.org/userspace-api/seccomp_filter.html
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
EPERM, ENOSYS = 1, 38
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
REFUSED_CLONES = 0x7E020000 | 0x10000000 | 0x4000  # new namespaces, and vfork, which hides waiting
SET_OWNER = (8, 10, 15, 0x8901, 0x8902)  # of fcntl and ioctl: whom a descriptor sends signals


@dataclass(frozen=True)
class Machine:
    """Numbers of one processor's system calls."""

    audit: int
    denied: Sequence[int]
    clone: int
    kill: int
    tgkill: int
    prlimit: int
    prctl: int
    fcntl: int
    ioctl: int


# ptrace, process_vm_readv, process_vm_writev, unshare, setns, mount, umount2, pivot_root, chroot,
# add_key, request_key, keyctl, bpf, perf_event_open, userfaultfd, kexec_load, init_module,
# finit_module, open_by_handle_at, swapon, reboot, memfd_create, shmget, msgget, semget, mq_open,
# tkill, rt_sigqueueinfo, rt_tgsigqueueinfo; socket, socketpair; of what Landlock lets pass where
# an answer has no user of its own: fchmod, fchmodat, fchown, fchownat, utimensat, the six of
# setxattr and removexattr, setpriority, sched_setparam, sched_setscheduler, sched_setaffinity,
# sched_setattr, ioprio_set, inotify_init1, and on x86 inotify_init, chmod, chown, lchown, utime,
# utimes, futimesat and vfork (libc then takes fork); then those
# with one number everywhere: pidfd_send_signal, io_uring_setup, pidfd_open, pidfd_getfd,
# memfd_secret, fchmodat2, setxattrat, removexattrat, file_setattr.
EVERYWHERE = (424, 425, 434, 438, 447, 452, 463, 466, 469)
MACHINES = {
    "x86_64": Machine(
        audit=0xC000003E,
        denied=(
            101, 310, 311, 272, 308, 165, 166, 155, 161, 248, 249, 250, 321, 298, 323, 246, 175,
            313, 304, 167, 169, 319, 29, 68, 64, 240, 200, 129, 297, 41, 53,
            91, 268, 93, 260, 280, 188, 189, 190, 197, 198, 199, 141, 142, 144, 203,
            314, 251, 294, 253, 90, 92, 94, 132, 235, 261, 58, *EVERYWHERE,
        ),
        clone=56, kill=62, tgkill=234, prlimit=302, prctl=157, fcntl=72, ioctl=16,
    ),
    "aarch64": Machine(
        audit=0xC00000B7,
        denied=(
            117, 270, 271, 97, 268, 40, 39, 41, 51, 217, 218, 219, 280, 241, 282, 104, 105,
            273, 265, 224, 142, 279, 194, 186, 190, 180, 130, 138, 240, 198, 199,
            52, 53, 55, 54, 88, 5, 6, 7, 14, 15, 16, 140, 118, 119, 122,
            274, 30, 26, *EVERYWHERE,
        ),
        clone=220, kill=129, tgkill=131, prlimit=261, prctl=167, fcntl=25, ioctl=29,
    ),
}  # fmt: skip
CLONE3 = 435


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
    if libc.unshare(CLONE_NEWNET | CLONE_NEWIPC):
        raise OSError(ctypes.get_errno(), "unshare")


def readable_places() -> list[Path]:
    """What an answer may read: Python, its packages, ``helpers``, and the system's libraries."""
    import helpers

    # Not all of /usr or /etc: /usr/local/share is where nbgrader collects, /etc has passwords.
    named = "/lib /lib64 /bin /usr/lib /usr/lib64 /usr/bin /usr/share /usr/local/lib"
    files = "alternatives ld.so.cache localtime passwd group nsswitch.conf mime.types"
    numbers = "/proc/cpuinfo /proc/meminfo /proc/stat /sys/devices/system /dev/zero /dev/urandom"
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


def seccomp() -> None:
    """No sockets, signals to others, namespaces, looking into processes, or altering of files."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise OSError(ENOSYS, f"no list of system calls for {platform.machine()}")
    code = _filter(machine, os.getpid())
    packed = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in code))
    program = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(packed))
    no_new_privileges()
    if libc.prctl(PR_SET_SECCOMP, 2, ctypes.create_string_buffer(program), 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


Step = tuple[int, int, int, int]


def _filter(machine: Machine, pid: int) -> list[Step]:
    """A program for the kernel: steps of (what, skip if so, skip if not, number)."""

    def refuse(error: int = EPERM) -> Step:
        return (RETURN, 0, 0, ERRNO | error)

    def unless(number: int, test: Step, argument: int = 0) -> list[Step]:
        """Refuse a call one of whose arguments fails a test, which skips one step if passed."""
        body = [(LOAD, 0, 0, ARGUMENTS + 8 * argument), test, refuse(), (LOAD, 0, 0, NUMBER)]
        return [(EQUAL, 0, len(body), number), *body]

    steps: list[Step] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, machine.audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, 0x40000000),  # the other numbering of x86
        (RETURN, 0, 0, KILL),
    ]
    for number in machine.denied:
        steps += [(EQUAL, 0, 1, number), refuse()]
    steps += [(EQUAL, 0, 1, CLONE3), refuse(ENOSYS)]  # libc then takes clone, whose flags are seen
    steps += unless(machine.clone, (ANY_BIT, 0, 1, REFUSED_CLONES))
    for number in (machine.kill, machine.tgkill):
        steps += unless(number, (EQUAL, 1, 0, pid))
    steps += unless(machine.prlimit, (EQUAL, 1, 0, 0))
    steps += unless(machine.prctl, (EQUAL, 0, 1, PR_SET_DUMPABLE))
    for number in (machine.fcntl, machine.ioctl):
        for request in SET_OWNER:
            steps += unless(number, (EQUAL, 0, 1, request), argument=1)
    return [*steps, (RETURN, 0, 0, ALLOW)]


def another_user() -> None:
    """What running an answer as another user takes: giving it a folder, and becoming that user."""
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, NOBODY)
    become(NOBODY)


MECHANISMS: dict[str, Callable[[], None]] = {
    "user": another_user,
    "landlock": lambda: landlock(readable_places(), []),
    "seccomp": seccomp,
    "network": no_network,
}


def survey() -> dict[str, str]:
    """For each mechanism "" where it works here, else why not."""
    return {name: _tried(attempt) for name, attempt in MECHANISMS.items()}


def _tried(attempt: Callable[[], None]) -> str:
    """Try it in a child, since it cannot be undone."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = b""
        try:
            attempt()
        except BaseException as error:
            said = str(error).encode()[:500] or b"failed"
        os.write(write, said)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said.decode(errors="replace")
