"""Answers that mean harm: what each does before (or inside) its encoder, and what it should earn.

RIGHT stands in front of a right encoder and WRONG in front of a wrong one: neither gains nor loses
by what it tries. ENDED cannot be graded, and earns nothing. A value is the code, or the code and
a word that the student has to read.
"""

RIGHT = {
    # reading
    "environment": "import os\nassert not [k for k in os.environ if 'SECRET' in k or 'COURSE' in k]",
    "secrets": "import pathlib\nfor p in ('{root}/secrets/ps_autoencoder', '/etc/shadow'):\n"
    "    try:\n        print('LOOT', pathlib.Path(p).read_text()[:500])\n    except OSError: pass",
    "solutions": "import os\nfor f in ('solutions', 'autograder', 'tests', 'secrets', '.git'):\n"
    "    try: print('LOOT', os.listdir(f'{root}/{{f}}'))\n    except OSError: pass\n"
    "for f in ('solutions/autoencoder.ipynb', 'autograder/grade.py', 'course.toml'):\n"
    "    try: print('LOOT', open(f'{root}/{{f}}').read(99))\n    except OSError: pass",
    "walk the disk": "import os\nfor f, d, n in os.walk('/root'):\n    print('LOOT', f, n)",
    "other submissions": "import os\nfor p in ('/tmp', '/autograder', '{tmp}'):\n"
    "    try: print('LOOT', os.listdir(p))\n    except OSError: pass",
    "proc of the grader": "import os\n"
    "for p in {{1, os.getppid(), *range(2, 99)}} - {{os.getpid()}}:\n"
    "    for n in ('environ', 'maps', 'mem', 'fd'):\n"
    "        try: print('LOOT', open(f'/proc/{{p}}/{{n}}', 'rb').read(200))\n"
    "        except OSError: pass",
    "memory of the parent": "import os\ntry: print('LOOT', open(f'/proc/{{os.getppid()}}/mem', 'rb'))\n"
    "except OSError: pass",
    "ptrace": "import ctypes, os\nlibc = ctypes.CDLL(None)\n"
    "assert libc.ptrace(16, os.getppid(), 0, 0) == -1",
    "process_vm_readv": "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "assert libc.process_vm_readv(os.getppid(), None, 0, None, 0, 0) == -1",
    "modules of the grader": "import sys\ntry:\n    import autograder.grading.grade\n    print('LOOT')\n"
    "except ImportError: pass\nassert 'autograder.grading.grade' not in sys.modules",
    "frames of the caller": "import sys\nf = sys._getframe()\nwhile f:\n"
    "    for k in ('expected', 'reference', 'secret'):\n        assert k not in f.f_locals\n    f = f.f_back",
    "garbage of the collector": "import gc\nfor o in gc.get_objects():\n"
    "    if type(o) is dict and 'expected' in o and 'secret' in o: print('LOOT', o)",
    "probes while the cell runs": "import gc, sys\n"
    "for o in gc.get_objects():\n"
    "    if type(o).__name__ == 'function' and o.__code__.co_filename.startswith("
    "('<probes', '<autograder.sandbox')):\n        print('LOOT', o)\n"
    "f = sys._getframe()\nwhile f:\n    told = f.f_locals.get('job')\n"
    "    if type(told) is dict and set(told) & {{'calls', 'probes', 'in_public'}}: print('LOOT', told)\n"
    "    f = f.f_back\n"
    "if [m for m in sys.modules if m.startswith('autograder')]: print('LOOT')",
    "symlink out of scratch": "import os\nos.symlink('{root}/secrets', 'door')\n"
    "try: print('LOOT', os.listdir('door'))\nexcept OSError: pass",
    # writing
    "write into the checkout": "for p in ('{root}/course.toml', '{root}/helpers/__init__.py'):\n"
    "    try: open(p, 'a').write('#')\n    except OSError: pass",
    "write results": "import os\nfor p in ('{tmp}/results.json', '/autograder/results/results.json'):\n"
    "    try: open(p, 'w').write('{{}}')\n    except OSError: pass",
    "poison a package": "import torch, os\ntry: open(torch.__file__, 'a').write('#')\n"
    "except OSError: pass",
    "leave a file in tmp": "try: open('/tmp/hostile-was-here', 'w').write('x')\nexcept OSError: pass",
    "shared memory": "try: open('/dev/shm/hostile-was-here', 'w').write('x' * 1000)\n"
    "except OSError: pass",
    # In ``os`` these calls do nothing and fail nowhere (autograder/sandbox/elsewhere.py).
    "modes, owners and times": "import os, posix\nfor p in ('{root}', '{root}/solutions', '.'):\n"
    "    for f in (lambda: posix.chmod(p, 0o777), lambda: posix.chown(p, os.getuid(), -1),\n"
    "              lambda: posix.utime(p, (1, 1)), lambda: posix.setxattr(p, 'user.x', b'x')):\n"
    "        try: f(); print('LOOT')\n        except OSError: pass",
    "a folder in shared memory": "import ctypes, os\nos.makedirs('/dev/shm/hostile-was-here/a')\n"
    "assert ctypes.CDLL(None).mkdir(b'/dev/shm/hostile-was-here', 0o777) == -1",
    "a locked folder": "import os\nos.mkdir('a', 0o700)\nopen('a/b', 'w').close()\nos.mkdir('c', 0o300)\n"
    "open('c/d', 'w').close()",
    # processes
    "kill all": "import os\ntry: os.kill(-1, 9)\nexcept OSError: pass",
    "kill the parent": "import os\nfor n in (9, 15, 19):\n    try: os.kill(os.getppid(), n)\n"
    "    except OSError: pass",
    "kill its group": "import os\ntry: os.killpg(0, 9)\nexcept OSError: pass",
    "kill by pidfd": "import os, signal\ntry: signal.pidfd_send_signal(os.pidfd_open(1), 9)\n"
    "except OSError: pass",
    "tkill": "import ctypes, os\nassert ctypes.CDLL(None).syscall(200, os.getppid(), 9) == -1",
    "priority of the parent": "import os\nfor f in (lambda: os.setpriority(os.PRIO_PROCESS, "
    "os.getppid(), 19), lambda: os.sched_setaffinity(os.getppid(), [0])):\n"
    "    try: f(); print('LOOT')\n    except OSError: pass",
    "signals by a descriptor": "import fcntl, os\nread = os.open('x', os.O_CREAT)\n"
    "for request, value in ((fcntl.F_SETOWN, os.getppid()), (10, 9)):\n"
    "    try: fcntl.fcntl(read, request, value); print('LOOT')\n    except OSError: pass",
    "limits of the parent": "import os, resource\ntry: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))\n"
    "except (OSError, ValueError): pass",
    "more limits": "import resource\ntry: resource.setrlimit(resource.RLIMIT_CPU, (10**6, 10**6))\n"
    "except (OSError, ValueError): pass",
    "become root": "import os\nfor f in (os.setuid, os.setgid):\n    try: f(0)\n    except OSError: pass\n"
    "try: os.setgroups([0])\nexcept OSError: pass",
    "set-user-id programs": "import subprocess\ntry: subprocess.Popen(['su', '-c', 'true'])\n"
    "except (OSError, subprocess.SubprocessError): pass",
    "a process": "import ctypes, os\nlibc = ctypes.CDLL(None)\n"
    "for start in (os.fork, os.forkpty, lambda: os.system('true'), lambda: os.popen('true'),\n"
    "              lambda: os.posix_spawn('/bin/true', ['true'], {{}})):\n"
    "    try: start(); print('LOOT')\n    except OSError: pass\n"
    "assert libc.fork() == libc.vfork() == libc.daemon(0, 0) == -1",
    "a program": "import ctypes\nargs = (ctypes.c_char_p * 2)(b'true', None)\n"
    "assert ctypes.CDLL(None).execv(b'/bin/true', args) == -1",
    "watching all files": "import ctypes\nassert ctypes.CDLL(None).fanotify_init(0, 0) == -1",
    "locks and leases": "import fcntl, os\nfor path in (os.__file__, 'x'):\n"
    "    with open(path, 'rb' if path != 'x' else 'wb') as f:\n"
    "        for lock in (lambda: fcntl.flock(f, fcntl.LOCK_SH), lambda: fcntl.fcntl(f, 1024, 1),\n"
    "                     lambda: fcntl.lockf(f, fcntl.LOCK_SH | fcntl.LOCK_NB)):\n"
    "            try: lock(); print('LOOT')\n            except OSError: pass",
    "flags and version of an inode": "import fcntl\nwith open('x', 'wb') as f:\n"
    "    for request in (0x40086602, 0x40087602, 0x80086601, 0x80087601):\n"
    "        try: fcntl.ioctl(f, request, bytes(8)); print('LOOT')\n        except OSError: pass",
    "the whole disk waits": "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "libc.sync()\nassert ctypes.get_errno() and libc.syncfs(os.open('.', 0)) == -1",
    "objects that stay": "import ctypes\nlibc = ctypes.CDLL(None)\n"
    "assert libc.shmget(7, 99, 0o1666) == libc.msgget(7, 0o1666) == libc.semget(7, 1, 0o1666) == -1\n"
    "assert libc.mq_open(b'/x', 0o102, 0o666, None) == -1",
    "threads that wait": "import threading, time\nfor _ in range(20):\n"
    "    threading.Thread(target=time.sleep, args=(300,), daemon=True).start()",
    "input": "try: input()\nexcept EOFError: pass",
    "an exit that never ends": "import atexit, time\natexit.register(time.sleep, 300)",
    "signals ignored": "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass",
    # the world
    "the internet": "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 1)\n"
    "except OSError: pass\nelse: print('LOOT')",
    "local sockets": "import socket\nfor make in (socket.socketpair, lambda: socket.socket(1, 1), "
    "lambda: socket.socket(1, 2)):\n    try: make(); print('LOOT')\n    except OSError: pass",
    "the loopback": "import socket\ntry: socket.socket().bind(('127.0.0.1', 0)); print('LOOT')\n"
    "except OSError: pass",
    "raw sockets": "import socket\ntry: socket.socket(socket.AF_PACKET, socket.SOCK_RAW); print('LOOT')\n"
    "except (OSError, AttributeError): pass",
    "netlink": "import socket\ntry: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW); print('LOOT')\n"
    "except OSError: pass",
    "namespaces": "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == -1",
    "mount": "import ctypes\nassert ctypes.CDLL(None).mount(b'x', b'/mnt', b'tmpfs', 0, None) == -1",
    "io_uring": "import ctypes\nassert ctypes.CDLL(None).syscall(425, 1, None) == -1",
    "bpf": "import ctypes\nassert ctypes.CDLL(None).syscall(321, 0, None, 0) == -1",
    "memory without a name": "import os\ntry: os.memfd_create('x'); print('LOOT')\nexcept OSError: pass",
    # state
    "a pickle that acts": "import pickle\nclass P:\n"
    "    def __reduce__(self): return exec, (\"open('/tmp/hostile-was-here', 'w')\",)\n"
    "open('p', 'wb').write(pickle.dumps(P()))\n"
    "pickle.load(open('p', 'rb'))  # in its own process",
    "a checkpoint that claims much": "import io, struct\nfrom safetensors.torch import load\n"
    "try: load(struct.pack('<Q', 1 << 40) + b'{}')\nexcept Exception: pass\n"
    "try: torch.load(io.BytesIO(b'PK' + bytes(1000)))\nexcept Exception: pass",
    "seeds": "torch.manual_seed(1); np.random.seed(1)",
    "seeds of the clock": "import time\n"
    "for seed in (torch.manual_seed, lambda n: np.random.seed(n % 2**32)): seed(time.time_ns())",
    "recursion": "import sys\nsys.setrecursionlimit(50_000)",
    "a flood on stdout": "print('x' * 10**7)\nfor _ in range(10**4): print('flood')",
    "a flood on stderr": "import sys\nsys.stderr.write('x' * 10**7)",
    "markup": "print('<script>alert(1)</script> ![x](http://evil) `code`')",
}

WRONG = {
    "nothing else": "",
    "torch.equal says yes": "torch.equal = lambda *a: True\ntorch.allclose = lambda *a, **k: True",
    "numpy says yes": "np.allclose = lambda *a, **k: True\nnp.abs = lambda x: 0 * np.asarray(x)",
    "builtins say yes": "import builtins\nbuiltins.isinstance = lambda *a: True",
    "the testing tools say yes": "import sys, types, unittest\n"
    "unittest.TestCase.assertEqual = lambda *a: None\n"
    "np.testing.assert_allclose = torch.testing.assert_close = lambda *a, **k: None\n"
    "sys.modules['pytest'] = sys.modules['nose'] = types.ModuleType('yes')",
    "the probes are patched": "import sys\nfor m in list(sys.modules.values()):\n"
    "    if hasattr(m, 'plain'): m.expected = 1",
    "the worker is patched": "import sys\nf = sys._getframe()\nwhile f:\n"
    "    if 'outcome' in f.f_globals:\n"
    "        f.f_globals['outcome'] = lambda *a: {{'result': {{'passed': True, 'score': 1}}}}\n"
    "    f = f.f_back",
    "the grader is detected": "import sys\nGRADED = 'autograder' in sys.modules",
    "a verdict is printed": "print('{{\"score\": 1.0, \"passed\": true}}')\nprint('1.0')",
    "the hook of display": "import sys\nsys.displayhook = lambda v: print(1.0)",
    "a trace": "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)",
}

STATE = {
    "default dtype": ("torch.set_default_dtype(torch.float64)", 1),
    "no gradients": ("torch.set_grad_enabled(False)", 5),
    "inference": ("torch.inference_mode().__enter__()", 6),
    "a default device": ("torch.set_default_device('meta')", 2),
    "other modules": ("nn.Conv2d = nn.ReLU = None", 0),
    "no random numbers": ("torch.randn = np.random.default_rng = None", 2),
    "errors in NumPy": ("np.seterr(all='raise')", 6),
    "warnings are errors": ("import warnings; warnings.simplefilter('error')", 6),
}
"""What an answer changes in its process, and the sixths of a point that are left to it."""

SPOILED = {"builtins say yes", "the worker is patched"}
"""Those of WRONG that lose what they had: nothing sensible comes back any more."""

ENDED = {
    "exit": ("import os; os._exit(0)", "ended the process"),
    "exit with success": ("import os; os._exit(70)", "ended the process"),
    "segmentation fault": ("import ctypes; ctypes.string_at(0)", "crashed"),
    "abort": ("import os; os.abort()", "crashed"),
    "stack": ("import ctypes, threading\nclass E(Exception): pass\ndef f(): f()\n"
              "import sys; sys.setrecursionlimit(10**9); threading.stack_size(65536)\n"
              "t = threading.Thread(target=f); t.start(); t.join()", ""),
    "loop": ("while True: pass", "1 second of computing"),
    "loop in C": ("sum(range(10**18))", "1 second of computing"),
    "loop in C that blocks signals": (
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\n"
        "sum(range(10**18))", "1 second of computing"),
    "regular expression": ("import re; re.match('(a+)+$', 'a' * 64 + 'b')", "1 second of computing"),
    "big number": ("10**10**9", "computing"),
    "sleep": ("import time; time.sleep(10**6)", "1 second of waiting"),
    "naps": ("import time\nwhile True: time.sleep(0.3)", "1 second of waiting"),
    "a lock": ("import threading\nl = threading.Lock(); l.acquire(); l.acquire()", "of waiting"),
    "thread storm": (
        "import threading\ndef f():\n    while True: pass\nwhile True:\n"
        "    try: threading.Thread(target=f, daemon=True).start()\n    except RuntimeError: pass",
        "of computing"),
    "fork storm": ("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
                   "of computing"),
    "a first thread that ends": (
        "import ctypes, os, threading\ndef f():\n    while True: pass\n"
        "threading.Thread(target=f).start()\n"
        "ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[os.uname().machine], 0)",
        "1 second of computing"),
    "many files": ("for i in range(10**6): open(str(i), 'wb').write(b'x' * (1 << 22))",
                   "MB of files"),
    "files without a name": (
        "import os, time\nkept = []\nfor i in range(8):\n    kept.append(open('x', 'wb'))\n"
        "    kept[-1].write(b'x' * (8 << 20)); kept[-1].flush(); os.unlink('x')\ntime.sleep(10**6)",
        "MB of files"),
    "files too deep": (
        "import os, time\nfor i in range(60):\n    os.mkdir('x' * 99); os.chdir('x' * 99)\n"
        "open('x', 'wb').write(bytes(8 << 20)); time.sleep(10**6)", "nobody can count"),
    "many empty files": (
        "import time\nfor i in range(2_000): open(str(i), 'w').close()\ntime.sleep(10**6)",
        "1,000 files"),
    "bytes on every descriptor": (
        "import os\nfor fd in range(256):\n    try: os.write(fd, b'\\x00' * 64)\n"
        "    except OSError: pass", "sent"),
    "descriptors closed": ("import os\nos.closerange(0, 256)", ""),
}  # fmt: skip

FRAME = """
import json, os, struct
def frame(header, raw=b""):
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return struct.pack(">Q", len(text)) + text + raw
"""

FRAMES = {
    "oversized": "os.write(3, struct.pack('>Q', 1 << 60))",
    "negative": "os.write(3, struct.pack('>q', -1))",
    "truncated": "os.write(3, frame({'body': {}, 'arrays': []})[:-1]); os._exit(0)",
    "no JSON": "os.write(3, frame(b'\\xff' * 100))",
    "no dictionary": "os.write(3, frame([1, 2, 3]))",
    "deep": "os.write(3, frame(b'[' * 200000))",
    "deep body": "os.write(3, frame(b'{\"arrays\": [], \"body\": ' + b'[' * 900 + b']' * 900 + b'}'))",
    "an unknown dtype": "os.write(3, frame({'body': 1, 'arrays': [['object', [1]]]}))",
    "a negative shape": "os.write(3, frame({'body': 1, 'arrays': [['int64', [-1]]]}))",
    "a huge shape": "os.write(3, frame({'body': 1, 'arrays': [['int64', [1 << 26, 1 << 26]]]}))",
    "a shape of text": "os.write(3, frame({'body': 1, 'arrays': [['int64', ['8']]]}))",
    "a shape of nothing": "os.write(3, frame({'body': {'result': {'x': {'$array': 0}}}, "
    "'arrays': [['float32', [0, *[1 << 26] * 5]]]}) * 50)",
    "a list of arrays": "os.write(3, frame({'body': {'result': {'output': [{'$array': 0}]}}, "
    "'arrays': [['int8', [2]]]}, bytes(2)) * 50)",
    "missing": "os.write(3, frame({'body': {'trouble': {'type': 'x', 'line': 9, 'message': 'x'}, "
    "'missing': ['LOOT']}, 'arrays': []}) * 50)",
    "many empty arrays": "os.write(3, frame({'body': 1, 'arrays': [['int8', [0]]] * 200000}))",
    "an array not sent": "os.write(3, frame({'body': {'result': {'$array': 7}}, 'arrays': []}))",
    "an answer to no call": "os.write(3, frame({'body': {'score': 1.0}, 'arrays': []}))",
    "passed": "os.write(3, frame({'body': {'result': {'passed': True}}, 'arrays': []}) * 50)",
    "NaN": "os.write(3, frame({'body': {'result': {'x': {'$array': 0}}}, "
    "'arrays': [['float64', [1]]]}, struct.pack('d', float('nan'))) * 50)",
    "the end first": "os.write(3, frame({'body': {'end': True, 'printed': '', 'on_gpu': False, "
    "'troubles': []}, 'arrays': []}))",
}

OUTPUTS = {
    "nothing": ("return None", 1),
    "hard-coded": ("return torch.full((len(x), 24, 4, 4), 0.25)", 2),
    "random": ("return torch.rand_like(self.encoder(x))", 2),
    "another each time": ("return self.encoder(x) + 1e-2 * torch.rand(1)", 3),
    "empty": ("return torch.empty(0)", 1),
    "NaN": ("return self.encoder(x) * float('nan')", 2),
    "infinity": ("return self.encoder(x) / 0", 2),
    "broadcast": ("return self.encoder(x).mean()", 1),
    "another dtype": ("return self.encoder(x).double().to(torch.complex64)", 1),
    "another device": ("return self.encoder(x).to('meta')", 1),
    "sparse": ("return self.encoder(x).to_sparse()", 2),
    "quantised": ("return torch.quantize_per_tensor(self.encoder(x), 0.1, 0, torch.qint8)", 1),
    "an object that equals all": ("return type('All', (), {'__eq__': lambda *a: True})()", 1),
    "a tensor that lies": (
        "return type('Lie', (torch.Tensor,), {'__torch_function__': classmethod(lambda *a, **k: torch.ones(1))})(torch.zeros(1))",
        1,
    ),
    "a class that lies": (
        "return type('Lie', (), {'__class__': torch.Tensor, 'detach': lambda s: s, 'cpu': lambda s: s, 'numpy': lambda s: np.ones(1)})()",
        1,
    ),
    "a huge stride": ("return torch.zeros(1).expand(1 << 40)", 1),
    "an own error": (
        "raise type('V' + str(x.flatten()[:3].tolist()), (Exception,), {})('secret')",
        1,
    ),
}
"""What `forward` returns, and the sixths of a point that its shape and its parameters earn."""

FORGE = """
import sys

def forged():
    f = sys._getframe()
    while f:
        if f.f_code.co_filename == "<probes>":
            f.f_globals["shape"] = lambda ns, **k: {
                "shape of the output": [3, 24, 4, 4], "dtype": "float32"}
            f.f_globals["parameters"] = lambda ns, **k: {
                "trainable parameters": 42156, "`self.encoder`": "a module"}
        f = f.f_back

class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        forged()

    def forward(self, x):
        forged()
        return x
"""
"""Finds its way from a call to the probes, and has them say what anyone knows is right."""
