"""Snippets for students whose answer is wrong; the first that comes out wrong is shown."""

from autograder.parts.autoencoder.checks import PART

FILLED = """
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.linspace(-0.2, 0.3, p.numel()).view_as(p))
"""

PART.example(
    "encoder",
    f"""
model = Encoder(in_channels=1)
{FILLED.strip()}
images = torch.linspace(0, 1, 64 * 64).view(1, 1, 64, 64)
model(images)[0, :4, 1, 1]
""",
)
PART.example("encoder", "sorted(list(p.shape) for p in Encoder().parameters())")
PART.example(
    "decoder",
    f"""
model = Decoder(out_channels=2)
{FILLED.strip()}
features = torch.linspace(-1, 1, {{{{bottleneck}}}} * 4 * 4).view(1, {{{{bottleneck}}}}, 4, 4)
model(features)[0, :, 5, :3]
""",
)
PART.example("decoder", "sorted(list(p.shape) for p in Decoder().parameters())")

TRAINED = """
model = nn.Conv2d(3, 3, 1)
for p in model.parameters():
    nn.init.constant_(p, 0.1)
images = torch.linspace(0, 1, 6 * 3 * 8 * 8).view(6, 3, 8, 8)
loader = DataLoader([(x, 0) for x in images], batch_size=4)
model, losses = train_ae(model, loader, epochs=3)
"""
PART.example("train_ae", f"{TRAINED}losses")
PART.example("train_ae", f"{TRAINED}1000 * (model.bias - 0.1)  # how far it went")

CLASSIFIED = """
encoder, cls = nn.Conv2d(1, 1, 1), nn.Linear(4, 2)
for p in [*encoder.parameters(), *cls.parameters()]:
    nn.init.constant_(p, 0.5)
images = torch.linspace(-1, 2, 24).view(6, 1, 2, 2)
loader = DataLoader([(x, i % 2) for i, x in enumerate(images)], batch_size=4)
"""
PART.example(
    "train_classifier",
    f"{CLASSIFIED}cls, losses = train_classifier(encoder, cls, loader, epochs=3)\nlosses",
)
for flag in (False, True):
    PART.example(
        "train_classifier",
        f"{CLASSIFIED}"
        f"cls, losses = train_classifier(encoder, cls, loader, epochs=3, supervised={flag})\n"
        "1000 * (cls.bias - 0.5), 1000 * (encoder.bias - 0.5)  # how far they went",
    )
