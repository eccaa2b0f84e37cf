"""The system calls that an answer may make, as a program for the kernel's seccomp filter.

https://docs.kernel.org/userspace-api/seccomp_filter.html. ``python -m bench.system_calls`` prints
which calls the references, variants and mistakes of all parts make; the others here are harmless,
and other libraries or processors may need them.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Sequence

from autograder.sandbox.isolation import libc, no_new_privileges

PR_SET_SECCOMP = 22
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
EPERM, ENOSYS = 1, 38
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
CLONE_THREAD = 0x10000
NEWER = 424
"""From here on both processors number alike, and libc does without a call that is not there."""

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PROCESSORS = tuple(AUDIT)

# Each call's numbers on x86_64 and aarch64; None where there is no such call.
Numbers = tuple[int | None, int | None]
ALLOWED: dict[str, Numbers] = {
    # memory
    "brk": (12, 214), "mmap": (9, 222), "munmap": (11, 215), "mremap": (25, 216),
    "mprotect": (10, 226), "madvise": (28, 233), "msync": (26, 227), "membarrier": (324, 283),
    "get_mempolicy": (239, 236),
    # threads, of which it may have some
    "futex": (202, 98), "futex_waitv": (449, 449), "set_robust_list": (273, 99),
    "get_robust_list": (274, 100), "set_tid_address": (218, 96), "rseq": (334, 293),
    "gettid": (186, 178), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121), "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126),
    "getcpu": (309, 168), "arch_prctl": (158, None), "exit": (60, 93), "exit_group": (231, 94),
    "restart_syscall": (219, 128), "wait4": (61, 260), "waitid": (247, 95),
    # time, and signals to itself
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101), "gettimeofday": (96, 169), "time": (201, None), "times": (100, 153),
    "getitimer": (36, 102), "setitimer": (38, 103), "alarm": (37, None), "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "rt_sigsuspend": (130, 133), "rt_sigtimedwait": (128, 137), "sigaltstack": (131, 132),
    "pause": (34, None),
    # files, as far as Landlock and its user let it
    "open": (2, None), "openat": (257, 56), "creat": (85, None), "close": (3, 57),
    "close_range": (436, 436), "read": (0, 63), "readv": (19, 65), "pread64": (17, 67),
    "preadv": (295, 69), "write": (1, 64), "writev": (20, 66), "pwrite64": (18, 68),
    "pwritev": (296, 70), "lseek": (8, 62), "stat": (4, None), "fstat": (5, 80),
    "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291), "access": (21, None),
    "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None),
    "readlinkat": (267, 78), "getdents": (78, None), "getdents64": (217, 61), "getcwd": (79, 17),
    "chdir": (80, 49), "fchdir": (81, 50), "mkdir": (83, None), "mkdirat": (258, 34),
    "rmdir": (84, None), "unlink": (87, None), "unlinkat": (263, 35), "rename": (82, None),
    "renameat": (264, 38), "renameat2": (316, 276), "link": (86, None), "linkat": (265, 37),
    "symlink": (88, None), "symlinkat": (266, 36), "truncate": (76, 45), "ftruncate": (77, 46),
    "fallocate": (285, 47), "fsync": (74, 82), "fdatasync": (75, 83),
    "copy_file_range": (326, 285), "sendfile": (40, 71), "fadvise64": (221, 223), "dup": (32, 23),
    "dup2": (33, None), "dup3": (292, 24), "umask": (95, 166), "statfs": (137, 43),
    "fstatfs": (138, 44), "getxattr": (191, 8), "lgetxattr": (192, 9), "fgetxattr": (193, 10),
    "listxattr": (194, 11), "llistxattr": (195, 12), "flistxattr": (196, 13),
    # waiting for files
    "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72),
    "epoll_create": (213, None), "epoll_create1": (291, 20), "epoll_ctl": (233, 21),
    "epoll_wait": (232, None), "epoll_pwait": (281, 22), "eventfd": (284, None),
    "eventfd2": (290, 19),
    # the one connection that it has
    "recvfrom": (45, 207), "sendto": (44, 206), "getsockname": (51, 204), "getsockopt": (55, 209),
    # who and where it is
    "getpid": (39, 172), "getppid": (110, 173), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177), "getgroups": (115, 158), "getresuid": (118, 148),
    "getresgid": (120, 150), "getpgid": (121, 155), "getpgrp": (111, None), "getsid": (124, 156),
    "uname": (63, 160), "sysinfo": (99, 179), "getrlimit": (97, 163), "setrlimit": (160, 164),
    "getrusage": (98, 165), "getrandom": (318, 278), "capget": (125, 90),
    "getpriority": (140, 141),
}  # fmt: skip
LIMITED: dict[str, Numbers] = {
    "clone": (56, 220), "kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261),
    "prctl": (157, 167), "fcntl": (72, 25), "ioctl": (16, 29),
}  # fmt: skip
"""Calls that are allowed with some arguments only."""

FCNTL = (0, 1, 2, 3, 4, 1030)  # duplicates and flags; no locks, leases, owners or notices
IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # is it a terminal, and what has come
PRCTL = (3, 15, 16, 23, 0x53564D41)  # names of threads and memory, and what it may do

Step = tuple[int, int, int, int]
REFUSE: Step = (RETURN, 0, 0, ERRNO | EPERM)


def seccomp() -> None:
    """Memory, threads, files, time: no processes, programs, sockets, locks or signals to others."""
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
    # A thread is a clone; without clone3 libc takes clone, whose flags can be seen.
    thread: list[Step] = [(ANY_BIT, 0, 1, CLONE_THREAD), (RETURN, 0, 0, ALLOW)]
    steps += _limited(limited["clone"], 0, thread)
    for name, place, values in (
        ("kill", 0, (pid,)), ("tgkill", 0, (pid,)), ("prlimit64", 0, (0,)), ("prctl", 0, PRCTL),
        ("fcntl", 1, FCNTL), ("ioctl", 1, IOCTL),
    ):  # fmt: skip
        tests = [step for v in values for step in ((EQUAL, 0, 1, v), (RETURN, 0, 0, ALLOW))]
        steps += _limited(limited[name], place, tests)
    for numbers in ALLOWED.values():
        if (number := numbers[column]) is not None:
            steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    return [*steps, (AT_LEAST, 0, 1, NEWER), (RETURN, 0, 0, ERRNO | ENOSYS), REFUSE]


def _limited(number: int, argument: int, tests: Sequence[Step]) -> list[Step]:
    """Refuse a call unless one of the tests of its argument allows it."""
    body = [(LOAD, 0, 0, ARGUMENTS + 8 * argument), *tests, REFUSE]
    return [(EQUAL, 0, len(body), number), *body]
