"""Snippets for students whose answer is wrong; the first that comes out wrong is shown."""

from autograder.parts.transfer.questions import PART

ROWS = """
images = torch.tensor([[3.0, 4.0], [1.0, 0.0], [0.5, -0.5]])
texts = torch.tensor([[2.0, 1.0], [0.0, 3.0], [1.0, -2.0]])
"""
PART.example("clip_loss", f"{ROWS}clip_loss(images, texts, torch.tensor(0.7))")
PART.example("clip_loss", f"{ROWS}clip_loss(images, texts, torch.tensor(-0.5))")
PART.example("clip_loss", f"{ROWS}clip_loss(images[:1], texts[:1], torch.tensor(0.7))")
PART.example("clip_loss", f"{ROWS}clip_loss(images, texts, torch.tensor(math.log(200)))")

PART.example(
    "zero_shot",
    """
def encode(texts):  # in the place of CLIP
    return torch.tensor([[len(t), 1.0 + t.count("a")] for t in texts])


zero_shot_weights(encode, ["cat", "bird"], ["a {}", "one {} there"])
""",
)
CLASSES = """
features = torch.tensor([[3.0, 0.2], [-0.5, 2.0], [1.0, 1.1]])
weights = torch.tensor([[1.0, 0.0], [0.98, 0.199], [0.6, 0.8], [0.0, 1.0]])
"""
PART.example("zero_shot", f"{CLASSES}top_k(features, weights, k=2)")
PART.example("zero_shot", f"{CLASSES}evaluate(features, torch.tensor([0, 3, 1]), weights)")

PART.example(
    "linear_probe",
    """
train_x = torch.tensor([[0.0, 2], [1, 3], [2, 0], [4, 1], [3, 3], [5, 2]])
train_y = torch.tensor([0, 0, 1, 1, 1, 1])
test_x, test_y = torch.tensor([[0.5, 2], [3, 1], [0.1, 0.2]]), torch.tensor([0, 1, 0])
accuracy, model = linear_probe(train_x, train_y, test_x, test_y)
accuracy, model.coef_
""",
)

PART.example(
    "heads",
    """
head = AttentionHead(dim=4, num_heads=2, out_dim=2).eval()
with torch.no_grad():
    for p in head.parameters():
        p.copy_(torch.linspace(-1, 1, p.numel()).view_as(p))
head(torch.linspace(-1, 1, 24).view(2, 3, 4))
""",
)

PART.example(
    "finetune",
    """
backbone, head = nn.Linear(2, 2), nn.Linear(2, 1)
groups = parameter_groups(backbone, head, 0, 1e-3)
[(group["lr"], len(list(group["params"]))) for group in groups], backbone.weight.requires_grad
""",
)
PART.example(
    "finetune",
    """
backbone, head = nn.Linear(2, 2).requires_grad_(False), nn.Linear(2, 1)
groups = parameter_groups(backbone, head, 1e-5, 1e-3)
[(group["lr"], len(list(group["params"]))) for group in groups], backbone.weight.requires_grad
""",
)
STEP = """
class Pairs(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))

    def forward(self, pixel_values, input_ids, attention_mask):
        logits = (self.scale * pixel_values) @ input_ids.T
        return logits, logits.T


model = Pairs()
optimizer = optim.SGD(model.parameters(), lr=1.0)
texts = torch.tensor([[1.0, 0.0], [3.0, 2.0]])
batch = {"pixel_values": torch.eye(2), "input_ids": texts, "attention_mask": texts}
"""
PART.example(
    "finetune",
    f"{STEP}losses = [train_step(model, batch, optimizer) for _ in range(2)]\nlosses, model.scale",
)
PART.example(
    "finetune",
    f'{STEP}scaler = torch.amp.GradScaler("cpu", init_scale=8.0)\n'
    "loss = train_step(model, batch, optimizer, scaler)\nloss, model.scale",
)

CLOUDS = """
images = torch.tensor([[3.0, 0.1, 0.2], [2.0, -0.3, 0.1], [1.0, 0.2, 0.4]])
texts = torch.tensor([[0.2, 1.0, 0.5], [0.1, 4.0, -1.0]])
image_points, text_points, gap = joint_pca(images, texts)
"""
PART.example("modality_gap", f"{CLOUDS}gap")
PART.example("modality_gap", f"{CLOUDS}abs(image_points), abs(text_points)  # of either sign")

PART.example("soft_targets", f"{ROWS}soft_target_loss(images, texts, temperature=0.5)")
PART.example("soft_targets", f"{ROWS}soft_target_loss(images, texts)")
PART.example(
    "soft_targets",
    f"{ROWS}texts.requires_grad_()\n"
    "soft_target_loss(images, texts, temperature=0.5).backward()\ntexts.grad",
)
