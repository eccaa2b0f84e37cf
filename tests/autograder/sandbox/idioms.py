"""What public notebooks do with a GPU, with files elsewhere, with what shows and logs.

Each is a body of a function, which fails where it does not do what it does on its author's machine.
"""

GPU = """
start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
start.record()
x = torch.ones(500, 500).cuda()
x = x @ x
end.record()
torch.cuda.synchronize()
assert 0 < start.elapsed_time(end) < 1e4
f"{500 / (start.elapsed_time(end) / 1000):.1f}"

g = torch.Generator(device="cuda").manual_seed(3)
a = torch.rand(4, device="cuda", generator=g)
assert a.equal(torch.rand(4, generator=torch.Generator().manual_seed(3)))

g: torch.Generator | None = torch.Generator("cuda:0")
assert isinstance(g, torch.Generator) and g.device.type

train, test = torch.utils.data.random_split(range(6), [4, 2], generator=torch.Generator(torch.device("cuda")))
assert len(train) == 4

x = torch.cuda.FloatTensor([1, 2])
assert x.sum() == 3 and torch.cuda.LongTensor([1]).dtype == torch.long and isinstance(x, torch.cuda.FloatTensor)

Tensor = torch.cuda.FloatTensor
assert Tensor(3, 1).fill_(1.0).sum() == 3

assert torch.ones(2).type(torch.cuda.LongTensor).dtype == torch.long and torch.ones(2).type("torch.cuda.HalfTensor").dtype == torch.half

torch.set_default_tensor_type("torch.cuda.DoubleTensor")
x = torch.ones(2)
torch.set_default_tensor_type(torch.cuda.FloatTensor)
assert x.dtype == torch.double and torch.ones(2).dtype == torch.float

torch.set_default_device("cuda")
x = nn.Linear(2, 3)(torch.ones(1, 2))
torch.set_default_device(None)
assert x.shape == (1, 3)

with torch.device("cuda"):
    x = torch.randn(2, 3) @ torch.ones(3)

with torch.device("cuda", 0):
    assert nn.Embedding(3, 2).weight.sum() + 1

with torch.autocast("cuda", dtype=torch.float16):
    y = nn.Linear(2, 3)(torch.ones(1, 2))
    assert y.dtype == torch.float

with torch.amp.autocast(device_type="cuda", dtype=torch.bfloat16), torch.cuda.amp.autocast():
    assert torch.ones(2, 2).mm(torch.ones(2, 2)).sum() == 8

with torch.autocast(device_type=torch.device("cuda:0").type, enabled=torch.cuda.is_available()):
    pass

for s in (torch.amp.GradScaler("cuda"), torch.cuda.amp.GradScaler(), torch.GradScaler("cuda", enabled=True)):
    w = torch.ones(2, requires_grad=True)
    o = torch.optim.SGD([w], 0.5)
    s.scale(w.sum()).backward()
    s.unscale_(o)
    s.step(o)
    s.update()
    assert w.tolist() == [0.5, 0.5] and s.get_scale() == 1 and s.state_dict() == {}

model = nn.DataParallel(nn.Linear(2, 3), device_ids=[0]).cuda()
assert model(torch.ones(1, 2).cuda()).shape == (1, 3) and model.module.weight.shape == (3, 2)

if torch.cuda.device_count() > 1:
    model = nn.DataParallel(model)

x = torch.ones(2).cuda(non_blocking=True).to("cuda:0", non_blocking=True).to(torch.device("cuda"), torch.double)
assert x.dtype == torch.double

assert torch.ones(2).cuda(0).to(0).to(device="cuda:0", dtype=torch.int).sum() == 2 and torch.ones(2).to(device=0).sum() == 2

model = nn.LSTM(2, 3).cuda(0).to("cuda", non_blocking=True)
out, (h, c) = model(torch.zeros(4, 1, 2, device="cuda"), (torch.zeros(1, 1, 3).cuda(), torch.zeros(1, 1, 3).cuda()))
assert h.shape == (1, 1, 3)

assert nn.Linear(2, 3).to(device="cuda", dtype=torch.double).weight.dtype == torch.double and nn.Linear(2, 3).to(torch.device("cuda:0")).half().weight.dtype == torch.half

assert nn.Linear(2, 3, device="cuda").weight.shape == (3, 2) and nn.Parameter(torch.randn(3, device="cuda")).shape == (3,)

assert torch.tensor([1, 2], device="cuda").sum() == 3 and torch.zeros_like(torch.ones(2), device="cuda").sum() == 0 and torch.ones(1).new_full((2,), 3, device="cuda").sum() == 6 and torch.as_tensor([4], device="cuda").item() == 4

assert torch.from_numpy(np.ones(2)).to("cuda").detach().cpu().numpy().sum() == 2

d = torch.device("cuda", 0)
assert d.index == 0 and d.type == "cuda" and torch.device("cuda:1").index == 1 and str(d) == "cuda:0" and d == torch.device("cuda:0")

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
x = torch.ones(2).to(device)
assert torch.cuda.is_available() is False and device.type == "cpu"

x = torch.ones(2).cuda()
model = nn.Linear(2, 2).cuda()
assert x.is_cuda and x.device.type == "cuda" and next(model.parameters()).is_cuda and model(x).is_cuda and model.weight.device == x.device == torch.device("cuda", 0)

x = torch.ones(2).to("cuda")
y = torch.arange(2, device=x.device)
assert x.device == y.device and y.to(x.device).is_cuda and torch.zeros(2).to(f"cuda:{x.get_device()}").sum() == 0

if torch.ones(1).cuda().is_cuda:
    torch.cuda.synchronize(torch.ones(1).cuda().device)

torch.save({"x": torch.ones(2).cuda()}, "g.pt")
assert all(torch.load("g.pt", map_location=m)["x"].sum() == 2 for m in ("cuda", "cuda:0", torch.device("cuda"), {"cuda:0": "cpu"}, lambda storage, loc: storage, lambda storage, loc: storage.cuda(0), None))

model = nn.Linear(2, 2)
torch.save(model.state_dict(), "m.pt")
model.load_state_dict(torch.load("m.pt", map_location="cuda:0", weights_only=True))
model.cuda()

torch.manual_seed(0)
torch.cuda.manual_seed(0)
torch.cuda.manual_seed_all(0)
torch.cuda.seed_all()
torch.cuda.empty_cache()
torch.cuda.ipc_collect()
torch.cuda.init()
torch.cuda.reset_max_memory_allocated()
torch.cuda.reset_peak_memory_stats(0)

used = [torch.cuda.memory_allocated(0), torch.cuda.max_memory_allocated(), torch.cuda.memory_reserved(), torch.cuda.max_memory_reserved(), torch.cuda.memory_cached() if hasattr(torch.cuda, "memory_cached") else 0]
assert f"{sum(used) / 1024**3:.2f} GB" == "0.00 GB" and max(used) < 1e9

p = torch.cuda.get_device_properties(0)
f"{p.name} {p.total_memory / 1e9:.1f} GB {p.major}.{p.minor} {p.multi_processor_count:d} {p.warp_size}"
assert torch.cuda.memory_allocated() / p.total_memory * 100 < 90

free, total = torch.cuda.mem_get_info()
assert f"{free / total:.0%}" == "0%" and total - free >= 0

name = torch.cuda.get_device_name(torch.cuda.current_device())
assert isinstance(name, str) and "A100" not in name and torch.cuda.get_device_capability()[0] < 8

assert not torch.cuda.is_bf16_supported() and not torch.cuda.is_current_stream_capturing() and not torch.cuda.can_device_access_peer(0, 1)

s = torch.cuda.Stream()
s.wait_stream(torch.cuda.current_stream())
e = torch.cuda.Event()
e.record(s)

with torch.cuda.stream(torch.cuda.Stream(device=0)), torch.cuda.device(0):
    x = torch.ones(2).cuda()
    x.record_stream(torch.cuda.current_stream())
    torch.cuda.current_stream().synchronize()
    assert torch.cuda.Event().query()

torch.cuda.nvtx.range_push("step")
torch.cuda.nvtx.mark("x")
torch.cuda.nvtx.range_pop()
torch.cuda.profiler.start()
torch.cuda.profiler.stop()
torch.cuda.cudart().cudaProfilerStart()

with torch.cuda.nvtx.range("step"), torch.cuda.device_of(torch.ones(1)):
    pass

f = torch.cuda.nvtx.range("f")(lambda: 3)
assert f() == 3

torch.backends.cudnn.benchmark = True
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.enabled = True
torch.backends.cudnn.allow_tf32 = True
torch.backends.cuda.matmul.allow_tf32 = True
torch.set_float32_matmul_precision("high")
torch.use_deterministic_algorithms(True)
torch.use_deterministic_algorithms(False)

f"{torch.version.cuda} {torch.backends.cudnn.version()} {torch.cuda.is_bf16_supported()} {torch.cuda.get_arch_list()} {torch.cuda.memory_summary(0, abbreviated=True)} {torch.cuda.utilization():d} {torch.cuda.list_gpu_processes()}"

import os
os.environ["CUDA_LAUNCH_BLOCKING"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = "0"
os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"

data = torch.utils.data.TensorDataset(torch.arange(6.0))
loader = DataLoader(data, 2, num_workers=2, pin_memory=True, pin_memory_device="cuda", persistent_workers=True, prefetch_factor=2, generator=torch.Generator(device="cuda"), shuffle=True)
assert sum(x.cuda(non_blocking=True).sum() for (x,) in loader) == 15

x = torch.ones(2).pin_memory()
x.is_pinned()
assert x.to("cuda", non_blocking=True).sum() == 2 and torch.zeros(2, pin_memory=True).sum() == 0

x = torch.ones(1, 3, 4, 4).cuda().to(memory_format=torch.channels_last)
model = nn.Conv2d(3, 2, 1).cuda().to(memory_format=torch.channels_last)
assert model(x).is_contiguous(memory_format=torch.channels_last)

device = "mps" if torch.backends.mps.is_available() else "cpu"
assert torch.ones(2, device=device).sum() == 2
torch.mps.empty_cache()
torch.mps.synchronize()
torch.mps.manual_seed(0)

assert torch.ones(2).to("mps").sum() == 2 and torch.ones(2, device=torch.device("xpu")).sum() == 2

device = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
torch.accelerator.synchronize()
assert torch.accelerator.device_count() == 0

torch.save({"rng": torch.cuda.get_rng_state(), "all": torch.cuda.get_rng_state_all()}, "r.pt")
r = torch.load("r.pt")
torch.cuda.set_rng_state(r["rng"])
torch.cuda.set_rng_state_all(r["all"])

with torch.random.fork_rng():
    torch.randn(3, device="cuda")

with torch.random.fork_rng(devices=[0]):
    torch.randn(3)

model = torch.cuda.make_graphed_callables(nn.Linear(2, 3), (torch.ones(1, 2),))
assert model(torch.ones(1, 2)).shape == (1, 3)

opt = torch.optim.AdamW(nn.Linear(2, 2).cuda().parameters(), fused=True)
opt.step()

try:
    raise torch.cuda.OutOfMemoryError("full")
except torch.cuda.OutOfMemoryError as error:
    assert "full" in str(error)

with torch.backends.cuda.sdp_kernel(enable_flash=True, enable_math=False, enable_mem_efficient=False):
    q = torch.ones(1, 1, 2, 8).cuda()
    assert F.scaled_dot_product_attention(q, q, q).sum() == 16

from torch.nn.attention import SDPBackend, sdpa_kernel
q = torch.ones(1, 1, 2, 8).cuda()
k = sdpa_kernel(SDPBackend.EFFICIENT_ATTENTION)
k.__enter__()
s = F.scaled_dot_product_attention(q, q, q).sum()
k.__exit__(None, None, None)
assert s == 16

from torch.profiler import profile, ProfilerActivity
p = profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA])
p.__enter__()
torch.ones(2).cuda().sum()
p.__exit__(None, None, None)
p.key_averages().table(sort_by="cuda_time_total", row_limit=3)

model = torch.compile(nn.Linear(2, 3).cuda(), mode="reduce-overhead")
assert model(torch.ones(1, 2).cuda()).shape == (1, 3) and model._orig_mod.weight.shape == (3, 2) and set(model.state_dict()) == {"weight", "bias"}

f = torch.compile(lambda x: x + 1, backend="inductor")
assert f(1) == 2 and torch.compile(fullgraph=True)(f)(2) == 3

model = nn.Linear(2, 3)
model.compile()
assert model(torch.ones(1, 2)).shape == (1, 3)
torch.compiler.reset()

m = torch.jit.trace(nn.Linear(2, 3).cuda(), torch.ones(1, 2).cuda())
m.save("t.pt")
assert torch.jit.load("t.pt", map_location="cuda")(torch.ones(1, 2)).shape == (1, 3)

from safetensors.torch import load_file, save_file
save_file({"x": torch.ones(2).cuda()}, "s.safetensors")
assert load_file("s.safetensors", device="cuda")["x"].sum() == 2 and load_file("s.safetensors", "cuda:0")["x"].sum() == 2

x = torch.ones(2, requires_grad=True).cuda()
(x * 3).sum().backward()
u = torch.nn.utils.clip_grad_norm_(nn.Linear(1, 1).cuda().parameters(), 1.0)

x = torch.sparse_coo_tensor([[0], [1]], [3.0], (2, 2), device="cuda").to_dense().cuda()
assert x.sum() == 3 and torch.block_diag(x, x).cuda().is_cuda

a = torch.randn(3, 4, device="cuda")
assert a.argsort(dim=1)[:, :2].cpu().numpy().shape == (3, 2) and torch.empty_like(a).copy_(a).equal(a) and a.to("cpu").device is not None

with torch.cuda.use_mem_pool(torch.cuda.MemPool()):
    pass

g = torch.cuda.CUDAGraph()
c = torch.cuda.graph(g)
c.__enter__()
y = torch.ones(2).cuda() * 2
c.__exit__(None, None, None)
g.replay()
assert y.sum() == 4
"""

FILES = """
np.save(d / "y.npy", np.arange(3))
assert np.load(d / "y.npy").tolist() == np.load(D + "/y.npy", mmap_mode="r").tolist() == [0, 1, 2]

np.savez(D + "/z", a=np.ones(2))
np.savez_compressed(d / "zc.npz", a=np.ones(2))
assert np.load(D + "/z.npz")["a"].sum() == np.load(D + "/zc.npz")["a"].sum() == 2

np.savetxt(d / "t.csv", np.eye(2), delimiter=",")
assert np.loadtxt(d / "t.csv", delimiter=",").sum() == np.genfromtxt(D + "/t.csv", delimiter=",").sum() == 2

np.ones(3).tofile(D + "/f.bin")
assert np.fromfile(D + "/f.bin").sum() == 3
m = np.memmap(D + "/m.bin", dtype="int8", mode="w+", shape=(3,))
m[:] = 2
m.flush()
assert np.memmap(D + "/m.bin", dtype="int8").sum() == 6

with open(D + "/h.json", "w") as f:
    json.dump({"a": [1]}, f)

with open(d / "h.json") as f:
    assert json.load(f) == {"a": [1]} and os.path.getsize(D + "/h.json") == 10

with open(d / "p.pkl", "wb") as f:
    pickle.dump([1], f)

with open(d / "p.pkl", "rb") as f:
    assert pickle.load(f) == [1]

with open(d / "c.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["epoch", "loss"])
    w.writerow([1, 0.5])

with open(d / "c.csv", newline="") as f:
    assert list(csv.DictReader(f)) == [{"epoch": "1", "loss": "0.5"}]

p = d / "a" / "b"
p.mkdir(parents=True, exist_ok=True)
(p / "n.txt").write_text("x")
assert (p / "n.txt").exists() and p.is_dir() and (p / "n.txt").is_file() and (p / "n.txt").read_text() == "x" and (p / "n.txt").stat().st_size == 1
(p / "n.txt").unlink()
assert not (p / "n.txt").exists()
(p / "n.txt").unlink(missing_ok=True)
p.rmdir()
assert not p.exists()

os.makedirs(D + "/e/f", exist_ok=True)
os.makedirs(D + "/e/f", exist_ok=True)
open(D + "/e/f/1.pt", "w").close()
open(D + "/e/2.pt", "w").close()
assert sorted(os.listdir(D + "/e")) == ["2.pt", "f"] and [p.name for p in Path(D, "e").iterdir() if p.is_file()] == ["2.pt"]

assert sorted(glob.glob(D + "/e/*.pt")) == [D + "/e/2.pt"] and sorted(glob.glob(D + "/e/**/*.pt", recursive=True)) == [D + "/e/2.pt", D + "/e/f/1.pt"] and sorted(Path(D).rglob("*.pt")) == sorted([d / "e/2.pt", d / "e/f/1.pt"]) and list((d / "e").glob("f/*")) == [d / "e/f/1.pt"]

assert [(r, s, f) for r, s, f in os.walk(D + "/e")] == [(D + "/e", ["f"], ["2.pt"]), (D + "/e/f", [], ["1.pt"])] and sorted(e.name for e in os.scandir(D + "/e")) == ["2.pt", "f"]
with os.scandir(d / "e") as entries:
    assert {e.path: e.is_file() for e in entries} == {D + "/e/2.pt": True, D + "/e/f": False}

os.mkdir(D + "/run")
open(D + "/run/x", "w").write("1")
shutil.copytree(D + "/run", D + "/run2")
shutil.copytree(D + "/run", "back")
assert open("back/x").read() == open(D + "/run2/x").read() == "1"
shutil.rmtree(D + "/run")
assert not os.path.exists(D + "/run") and os.path.exists(D + "/run2/x")

open("own.txt", "w").write("own")
assert str(shutil.copy("own.txt", D)) == D + "/own.txt"
shutil.copy2("own.txt", d / "own2.txt")
shutil.copyfile(d / "own2.txt", d / "own3.txt")
shutil.copymode(d / "own.txt", d / "own3.txt")
assert all((d / f"own{n}.txt").read_text() == "own" for n in ("", 2, 3))

os.makedirs("runs/a")
open("runs/a/x", "w").write("2")
shutil.copytree("runs", D + "/runs")
shutil.copytree("runs", D + "/runs", dirs_exist_ok=True)
assert (d / "runs/a/x").read_text() == "2"
shutil.move("runs", D + "/moved")
assert not os.path.exists("runs") and os.listdir(D + "/moved/a") == ["x"]
shutil.move(D + "/moved/a/x", ".")
assert open("x").read() == "2"

open("o", "w").write("1")
shutil.copy("o", "o2")
os.chmod("o2", 0o600)
os.utime("o2")
shutil.copystat("o", "o2")
os.chmod(D, 0o777)
Path(D, "touched").touch()
assert Path(D, "touched").exists()
Path(D, "touched").touch(exist_ok=True)

with zipfile.ZipFile(D + "/w.zip", "w") as z:
    z.writestr("a.txt", "in")
    z.write(__import__("inspect").getsourcefile(json), "json.py")

with zipfile.ZipFile(D + "/w.zip") as z:
    assert z.read("a.txt") == b"in"
    z.extractall(D + "/un")
    assert (d / "un/a.txt").read_text() == "in" and zipfile.is_zipfile(D + "/w.zip")

for o in (gzip.open, bz2.open, lzma.open):
    o(D + "/c.z", "wt").write("z")
    f = o(D + "/c.z", "wt")
    f.write("zz")
    f.close()
    assert o(D + "/c.z", "rt").read() == "zz"

with tarfile.open(D + "/t.tgz", "w:gz") as t:
    t.add(D + "/w.zip", "w.zip")

with tarfile.open(D + "/t.tgz") as t:
    assert t.getnames() == ["w.zip"]
    t.extractall(D + "/tar")
    assert (d / "tar/w.zip").exists()

os.makedirs(D + "/arch", exist_ok=True)
open(D + "/arch/1", "w").write("1")
made = shutil.make_archive(D + "/made", "zip", D + "/arch")
assert made == D + "/made.zip"
shutil.unpack_archive(made, D + "/opened")
assert os.listdir(D + "/opened") == ["1"]

with tempfile.NamedTemporaryFile("w+", dir=D) as f:
    f.write("t")
    f.seek(0)
    assert f.read() == "t"

with tempfile.TemporaryDirectory(dir=D) as t:
    open(t + "/x", "w").close()
    assert os.listdir(t) == ["x"]

with tempfile.TemporaryDirectory() as t:
    open(t + "/x", "w").close()
    assert os.listdir(t) == ["x"]

open("/tmp/fixed.txt", "w").write("tmp")
assert open("/tmp/fixed.txt").read() == "tmp" and os.path.exists("/tmp/fixed.txt")
shutil.move("/tmp/fixed.txt", D + "/fixed.txt")
assert not os.path.exists("/tmp/fixed.txt") and open(D + "/fixed.txt").read() == "tmp"

log = logging.getLogger("mine")
h = logging.FileHandler(D + "/log.txt")
log.addHandler(h)
log.warning("hello")
h.close()
log.removeHandler(h)
assert "hello" in open(D + "/log.txt").read()

from logging.handlers import RotatingFileHandler
h = RotatingFileHandler(D + "/rot.txt", maxBytes=9, backupCount=2)
[h.emit(logging.makeLogRecord({"msg": "x" * 9})) for _ in range(3)]
h.close()
assert os.path.exists(D + "/rot.txt.1")

plt.plot([1])
plt.savefig(D + "/fig.png", dpi=90)
plt.imsave(D + "/i.png", np.ones((2, 2)))

from PIL import Image
Image.fromarray(np.full((4, 4, 3), 7, np.uint8)).save(D + "/i.png")
assert np.asarray(Image.open(d / "i.png")).sum() == 7 * 48

import torchvision
torchvision.utils.save_image(torch.ones(3, 4, 4), d / "tv.png")
assert torchvision.io.read_image(D + "/tv.png").max() == 255
torchvision.io.write_png(torch.zeros(3, 4, 4, dtype=torch.uint8), D + "/tw.png")
assert torchvision.io.decode_image(D + "/tw.png").sum() == 0

import cv2
assert cv2.imwrite(D + "/cv.png", np.full((4, 4, 3), 9, np.uint8)) and cv2.imread(D + "/cv.png").sum() == 9 * 48

from skimage import io as skio
skio.imsave(D + "/sk.png", np.zeros((9, 9), np.uint8), check_contrast=False)
assert skio.imread(D + "/sk.png").shape == (9, 9)

torch.save(nn.Linear(2, 2).state_dict(), d / "best.pt")
s = torch.load(d / "best.pt", weights_only=True)
assert torch.load(D + "/best.pt", mmap=True)["bias"].equal(s["bias"]) and torch.load(open(D + "/best.pt", "rb"))["bias"].equal(s["bias"])

torch.save({"epoch": 3}, "/content/drive/MyDrive/x/last.pth")
assert torch.load("/content/drive/MyDrive/x/last.pth")["epoch"] == 3 and os.path.isfile("/content/drive/MyDrive/x/last.pth")
torch.save(torch.ones(1), f=D + "/kw.pt", _use_new_zipfile_serialization=False)
assert torch.load(f=D + "/kw.pt").sum() == 1

torch.jit.script(nn.Linear(2, 2)).save(D + "/j.pt")
m = torch.jit.load(D + "/j.pt")
torch.jit.save(m, D + "/j2.pt")
assert torch.jit.load(D + "/j2.pt")(torch.ones(1, 2)).shape == (1, 2)

from safetensors import safe_open
from safetensors.torch import load_file, save_file, save_model, load_model
save_file({"x": torch.ones(2)}, D + "/s.safetensors")
assert load_file(d / "s.safetensors")["x"].sum() == 2
m = nn.Linear(2, 2)
save_model(m, D + "/m.safetensors")
load_model(m, D + "/m.safetensors")
f = safe_open(D + "/s.safetensors", framework="pt")
assert list(f.keys()) == ["x"]

from safetensors.numpy import load_file, save_file
save_file({"x": np.ones(2)}, D + "/n.safetensors")
assert load_file(D + "/n.safetensors")["x"].sum() == 2

import joblib
joblib.dump({"a": 1}, D + "/j.joblib")
assert joblib.load(D + "/j.joblib") == {"a": 1}

import scipy.io
scipy.io.savemat(D + "/m.mat", {"a": np.ones(2)})
assert scipy.io.loadmat(D + "/m.mat")["a"].sum() == 2

import configparser
c = configparser.ConfigParser()
c["a"] = {"b": "1"}
c.write(open(D + "/c.ini", "w"))
assert configparser.ConfigParser().read(D + "/c.ini") == [D + "/c.ini"]

import codecs, fileinput, linecache
codecs.open(D + "/co.txt", "w", "utf-8").write("é")
f = codecs.open(D + "/co.txt", "w", "utf-8")
f.write("é")
f.close()
assert io.open(D + "/co.txt", encoding="utf-8").read() == "é" and list(fileinput.input(D + "/co.txt", encoding="utf-8")) == ["é"]

with open(D + "/app.txt", "a") as f:
    f.write("1")

with open(D + "/app.txt", "a") as f:
    f.write("2")

with open(D + "/app.txt", "r+") as f:
    assert f.read() == "12"
    f.write("3")

with open(D + "/app.txt", encoding="utf-8") as f:
    assert f.readlines() == ["123"]

os.rename(D + "/app.txt", d / "app2.txt")
os.replace(D + "/app2.txt", D + "/app3.txt")
Path(D, "app3.txt").rename(d / "app4.txt")
assert not os.path.exists(D + "/app2.txt") and os.access(D + "/app4.txt", os.R_OK)
os.remove(D + "/app4.txt")
assert not os.path.lexists(D + "/app4.txt")

open(D + "/target", "w").write("t")
os.symlink(D + "/target", D + "/latest")
assert os.path.islink(D + "/latest") and open(D + "/latest").read() == "t" and os.path.samefile(D + "/latest", D + "/target")
Path(D, "l2").symlink_to("target")
assert Path(D, "l2").read_text() == "t"

fd = os.open(D + "/raw", os.O_WRONLY | os.O_CREAT)
os.write(fd, b"r")
os.close(fd)
assert open(D + "/raw", "rb").read() == b"r" and os.path.realpath(D + "/raw") == D + "/raw" and Path(D, "raw").resolve().exists()
os.truncate(D + "/raw", 0)
assert os.path.getsize(D + "/raw") == 0

os.makedirs("rel/sub")
open("rel/sub/a", "w").write("r")
open("./rel/../b", "w").write("b")
assert Path("rel/sub/a").read_text() == "r" and os.path.abspath("b").startswith(os.getcwd()) and sorted(os.listdir("rel")) == ["sub"]
shutil.rmtree("rel")

open("../beside.log", "w").write("l")
assert open("../beside.log").read() == "l" and os.path.exists("../beside.log")

os.makedirs("/content/work")
here = os.getcwd()
os.chdir("/content/work")
open("x", "w").write("c")
assert os.path.exists("/content/work/x") and os.listdir() == ["x"]
os.chdir(here)
assert open("/content/work/x").read() == "c"

n = max([int(p.stem[4:]) for p in d.glob("ckpt*.pt")], default=0)
[torch.save(i, d / f"ckpt{i}.pt") for i in range(3)]
assert torch.load(max(d.glob("ckpt*.pt"), key=os.path.getmtime)) == 2 and sorted(d.glob("ckpt*.pt"))[-1] == d / "ckpt2.pt"

shutil.disk_usage(".")
shutil.disk_usage(D)
os.path.expanduser("~/x")
open(os.path.expanduser("~/x"), "w").write("h")
os.environ.get("HOME")
assert (Path.home() / "x").read_text() == "h"

open(os.devnull, "w").write("x")
assert open(os.devnull).read() == ""
open("/dev/null", "a").close()

try:
    open(D + "/none.txt")
    raise SystemError
except FileNotFoundError:
    assert not os.path.exists(D + "/none.txt")

try:
    torch.load("/content/drive/none.pt")
    raise SystemError
except OSError:
    pass

try:
    os.listdir(D + "/none")
    raise SystemError
except OSError:
    pass

try:
    os.remove(D + "/none")
    raise SystemError
except OSError:
    pass

try:
    open("/etc/shadow").read()
    raise SystemError
except PermissionError:
    pass

try:
    os.listdir("/tmp/nothing-of-mine")
    os.listdir("/work")
    raise SystemError
except OSError:
    pass
"""

LIBRARIES = """
import wandb
with wandb.init(project="ae", config={"lr": 0.1, "epochs": 3}) as run:
    run.log({"loss": 1.0})
    assert run.config.lr == wandb.config["lr"] == 0.1 and wandb.config.epochs + 1 == 4
wandb.config.update({"width": 8})
wandb.config.depth = 2
assert wandb.config.width * wandb.config.depth == 16 and dict(wandb.config)["lr"] == 0.1
wandb.watch(nn.Linear(1, 1), log="all")
wandb.log({"image": wandb.Image(np.zeros((2, 2))), "table": wandb.Table(columns=["a"])}, step=1)
wandb.run.summary["best"] = 1
torch.save({"x": 1}, os.path.join(wandb.run.dir, "w.pt"))
assert torch.load("w.pt")["x"] == 1 and f"{wandb.run.name}.pt".endswith(".pt")
wandb.finish()

from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.writer import SummaryWriter as Other
writer: SummaryWriter | None = SummaryWriter(log_dir="runs/" + "a", flush_secs=1)
if writer:
    writer.add_scalar("loss/train", 0.5, 1)
    writer.add_graph(nn.Linear(1, 1), torch.ones(1))
writer.close()
with Other() as w:
    w.add_scalars("a", {"b": 1}, 2)

import copy
from tensorboardX import SummaryWriter
class Trained(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.writer = nn.Linear(1, 1), SummaryWriter()
best = copy.deepcopy(Trained())
best.writer.add_scalar("x", 1)
assert set(best.state_dict()) == {"layer.weight", "layer.bias"}
torch.save(best.writer, "writer.pt")

from torch.utils.tensorboard import SummaryWriter
class Writer(SummaryWriter):
    def __init__(self, folder):
        super().__init__(folder)
        self.steps = 0
    def add(self, name, value):
        self.steps += 1
        self.add_scalar(name, value, self.steps)
own = Writer("runs")
own.add("x", 1)
assert own.steps == 1 and isinstance(own, Writer) and isinstance(own, SummaryWriter)

import clearml, comet_ml, mlflow, neptune, visdom, aim, swanlab, trackio, livelossplot
with mlflow.start_run(run_name="a") as run:
    mlflow.log_metric("loss", 1.0, step=2)
    mlflow.log_params({"lr": 1})
    f"{run.info.run_id}"
comet_ml.Experiment(api_key="x").log_metrics({"a": 1}, epoch=1)
params = clearml.Task.init("a", "b").connect({"lr": 0.5})
assert params["lr"] == 0.5
neptune.init_run()["train/loss"].append(1.0)
visdom.Visdom().line([1], win="loss")
aim.Run().track(1.0, name="loss", step=1)
plot = livelossplot.PlotLosses()
plot.update({"loss": 1})
plot.send()

import psutil, GPUtil, pynvml
memory = psutil.virtual_memory()
f"{memory.percent:.1f} {memory.used / 1024**3:.2f} {memory.total // 2**20:d} {psutil.cpu_percent():>6.1f}"
assert memory.percent < 90 and not memory.available > 1e12 and memory.used / memory.total <= 1
rss = psutil.Process(os.getpid()).memory_info().rss
assert 100 * rss / memory.total < 50 and max(0, rss) == 0 and round(rss / 1e6, 1) == 0 and int(rss) == 0
for gpu in GPUtil.getGPUs():
    f"{gpu.name:10s} {gpu.load * 100:.0f}% {gpu.memoryUsed:.0f}/{gpu.memoryTotal:.0f}MB"
pynvml.nvmlInit()
info = pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(0))
print(f"{info.used // 1024 ** 2} {info.used / info.total:.1%}")
peak = [rss, rss]
assert sum(peak) == 0 and np.mean(peak) == 0 and torch.tensor(peak).sum() == 0 and json.dumps({"a": rss})

from rich import print as show
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table
console = Console()
console.log("x", 1)
console.print("[bold]x")
show("x")
t = Table(title="Loss")
t.add_column("a", justify="right")
t.add_row("1")
assert [i for i in track(range(3), description="x")] == [0, 1, 2]
with Progress() as p:
    assert list(p.track(range(2))) == [0, 1]
    task = p.add_task("x", total=2)
    p.update(task, advance=1)

from fastprogress.fastprogress import master_bar, progress_bar
bar = master_bar(range(2))
seen = []
for epoch in bar:
    for i in progress_bar([5, 6], parent=bar):
        seen.append(i)
        bar.child.comment = f"{i}"
    bar.write("x")
assert seen == [5, 6, 5, 6]

from alive_progress import alive_bar, alive_it
import progressbar
assert list(alive_it([1, 2])) == list(progressbar.progressbar([1, 2])) == [1, 2]
with alive_bar(3) as step:
    step()

import tqdm
from tqdm.auto import tqdm as auto, trange
from tqdm.notebook import tqdm as notebook
from tqdm import tqdm_notebook, tnrange
from tqdm.contrib import tenumerate, tzip
from tqdm.contrib.concurrent import thread_map
bar = auto(range(3), desc="x", total=3, leave=False)
for i in bar:
    bar.set_postfix({"loss": 1}, refresh=False)
    bar.set_description(f"{i}")
assert i == 2 and len(bar) == 3 and list(tqdm.tqdm([1])) == list(notebook([1])) == list(tqdm_notebook([1])) == [1]
auto.write("x")
tqdm.tqdm.pandas()
with trange(3) as t:
    assert [i for i in t] == [0, 1, 2]
p = auto(total=10)
p.update(1)
p.n += 1
f"{p.format_dict['elapsed']:.1f} {p.n:d}"
p.close()
assert list(tenumerate("ab")) == [(0, "a"), (1, "b")] and list(tzip([1], [2])) == [(1, 2)]
assert thread_map(lambda x: x + 1, [1, 2]) == [2, 3] and list(tnrange(2)) == [0, 1]

import matplotlib
import matplotlib.pyplot as plt
from matplotlib import cm, gridspec
from mpl_toolkits.axes_grid1 import ImageGrid
from mpl_toolkits.mplot3d import Axes3D
import seaborn as sns
matplotlib.use("Agg")
plt.rcParams["figure.figsize"] = (3, 3)
plt.style.use("ggplot")
fig, (left, middle, right) = plt.subplots(1, 3)
fig, ((a, b), (c, d)) = plt.subplots(2, 2)
counts, edges, patches = plt.hist([1])
fig, axes = plt.subplots(2, 4)
axes[0, 1].imshow(np.zeros((2, 2)), cmap="gray")
for ax, image in zip(axes.flat, [1, 2]):
    ax.set_title(f"{image}")
    ax.axis("off")
sns.heatmap(np.eye(2), annot=True, ax=left)
sns.set_theme()
with plt.style.context("x"):
    plt.plot([1], color=cm.viridis(0.5))
plt.show()
plt.close("all")
def draw(values: list[float], ax: plt.Axes | None = None, fig: "plt.Figure" = None) -> tuple[plt.Figure, plt.Axes]:
    return len(values)
assert draw([1]) == 1 and not isinstance(3, plt.Axes)

import plotly.express as px
import plotly.graph_objects as go
import altair as alt, bokeh.plotting, graphviz, netron, torchviz, hiddenlayer
fig = go.Figure(data=[go.Scatter(x=[1], y=[2])])
fig.update_layout(title="x")
px.scatter(x=[1], y=[2]).show()
alt.Chart([1]).mark_point().encode(x="a").properties(width=3)
torchviz.make_dot(torch.ones(1), params={"a": 1}).render("graph", format="png")

from torchinfo import summary
from torchsummary import summary as other
print(summary(nn.Linear(2, 3), input_size=(1, 2), verbose=0))
f"{summary(nn.Linear(2, 3)).total_params:,}"
other(nn.Linear(2, 3), (2,))

import ipywidgets as widgets
from IPython import get_ipython
from IPython.core.display import HTML
from IPython.display import Image, clear_output, display
from google.colab import drive, files
from google.colab.patches import cv2_imshow
from ipywidgets import interact
drive.mount("/content/drive", force_remount=True)
display(HTML("<b>x</b>"))
clear_output(wait=True)
files.download("x")
out = widgets.Output()
with out:
    print(1)
@interact(x=(0, 10))
def shown(x=1):
    return 2 * x
@out.capture()
def kept():
    return 3
assert shown(2) == 4 and kept() == 3
if get_ipython() is not None:
    get_ipython().run_line_magic("matplotlib", "inline")

from colorama import Fore, Style
from loguru import logger
from prettytable import PrettyTable
from tabulate import tabulate
from termcolor import colored
logger.add("x.log", rotation="1 MB")
logger.info("loss {}", 1)
@logger.catch
def safe():
    return 1
assert safe() == 1
print(Fore.RED + "x" + Style.RESET_ALL, colored("x", "red"))
print(tabulate([[1]], headers=["a"]))
t = PrettyTable(["a"])
t.add_row([1])
print(t)

from memory_profiler import memory_usage, profile
@profile
def heavy():
    return 7
assert heavy() == 7
assert max(memory_usage()) < 1

import importlib
for name in ("pandas", "einops", "torchmetrics", "pytorch_lightning", "umap", "thop"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        assert error.name == name
import scipy.stats, sklearn.linear_model
assert scipy.stats.norm.cdf(0) == 0.5

import sys
taken = [
    f"{name}.{key}"
    for name, module in list(sys.modules.items())
    for key, value in list(vars(module).items())
    if getattr(value, "__module__", "") == "_io" and getattr(value, "__name__", "") == "open"
    and name not in ("_io", "tokenize", "_pyio")
    and value is not open
]
assert taken == []
"""
