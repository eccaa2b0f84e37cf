"""The system calls that an answer is refused, as a program for the kernel's seccomp filter.

https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

import ctypes
import os
import platform
import struct

from autograder.sandbox.isolation import PR_SET_DUMPABLE, libc, no_new_privileges

PR_SET_SECCOMP = 22
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
EPERM, ENOSYS = 1, 38
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
REFUSED_CLONES = 0x7E020000 | 0x10000000 | 0x4000  # new namespaces, and vfork, which hides waiting
SET_OWNER = (8, 10, 15, 0x8901, 0x8902)  # of fcntl and ioctl: whom a descriptor sends signals

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PROCESSORS = tuple(AUDIT)

# Each call's numbers on x86_64 and aarch64; None where there is no such call.
Numbers = tuple[int | None, int | None]
DENIED: dict[str, Numbers] = {
    # looking into other processes, and signals to them
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "perf_event_open": (298, 241), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    # namespaces, mounts, and the kernel itself
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "bpf": (321, 280), "kexec_load": (246, 104),
    "init_module": (175, 105), "finit_module": (313, 273), "open_by_handle_at": (304, 265),
    "swapon": (167, 224), "reboot": (169, 142), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    # what outlives a process, or is counted nowhere
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    # sockets
    "socket": (41, 198), "socketpair": (53, 199),
    # what Landlock lets pass where an answer has no user of its own: modes, owners, times
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "file_setattr": (469, 469),
    # and priorities, processors, and watching files
    "setpriority": (141, 140), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122), "sched_setattr": (314, 274), "ioprio_set": (251, 30),
    "inotify_init": (253, None), "inotify_init1": (294, 26),
    "vfork": (58, None),  # libc then takes fork
}  # fmt: skip
LIMITED: dict[str, Numbers] = {
    "clone": (56, 220), "clone3": (435, 435), "kill": (62, 129), "tgkill": (234, 131),
    "prlimit64": (302, 261), "prctl": (157, 167), "fcntl": (72, 25), "ioctl": (16, 29),
}  # fmt: skip
"""Calls that are allowed with some arguments only."""

Step = tuple[int, int, int, int]
REFUSE: Step = (RETURN, 0, 0, ERRNO | EPERM)


def seccomp() -> None:
    """No sockets, signals to others, namespaces, looking into processes, or altering of files."""
    processor = platform.machine()
    if processor not in AUDIT:
        raise OSError(ENOSYS, f"no list of system calls for {processor}")
    code = program(processor, os.getpid())
    packed = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in code))
    loaded = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(packed))
    no_new_privileges()
    if libc.prctl(PR_SET_SECCOMP, 2, ctypes.create_string_buffer(loaded), 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def program(processor: str, pid: int) -> list[Step]:
    """The filter of a process: steps of (what, skip if so, skip if not, number)."""
    column = PROCESSORS.index(processor)
    limited = {name: numbers[column] or 0 for name, numbers in LIMITED.items()}
    steps: list[Step] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, AUDIT[processor]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, 0x40000000),  # the other numbering of x86
        (RETURN, 0, 0, KILL),
    ]
    for numbers in DENIED.values():
        if (number := numbers[column]) is not None:
            steps += [(EQUAL, 0, 1, number), REFUSE]
    # Without clone3 libc takes clone, whose flags can be seen.
    steps += [(EQUAL, 0, 1, limited["clone3"]), (RETURN, 0, 0, ERRNO | ENOSYS)]
    steps += _unless(limited["clone"], (ANY_BIT, 0, 1, REFUSED_CLONES))
    for name in ("kill", "tgkill"):
        steps += _unless(limited[name], (EQUAL, 1, 0, pid))
    steps += _unless(limited["prlimit64"], (EQUAL, 1, 0, 0))
    steps += _unless(limited["prctl"], (EQUAL, 0, 1, PR_SET_DUMPABLE))
    for name in ("fcntl", "ioctl"):
        for request in SET_OWNER:
            steps += _unless(limited[name], (EQUAL, 0, 1, request), argument=1)
    return [*steps, (RETURN, 0, 0, ALLOW)]


def _unless(number: int, test: Step, argument: int = 0) -> list[Step]:
    """Refuse a call one of whose arguments fails a test, which skips one step if passed."""
    body = [(LOAD, 0, 0, ARGUMENTS + 8 * argument), test, REFUSE, (LOAD, 0, 0, NUMBER)]
    return [(EQUAL, 0, len(body), number), *body]
