"""Snippets for students whose answer is wrong; the first that comes out wrong is shown."""

from autograder.parts.cmc.checks import PART

PART.example(
    "encoder_cmc",
    """
model = EncoderCMC()
model.l_encoder, model.ab_encoder = nn.Identity(), nn.Identity()
lab = torch.arange(24.0).view(2, 3, 2, 2)
model(lab)
""",
)

SCORED = """
contrast = CMCScore(feat_dim=2, N=3, K=2, T=0.5)
contrast.memory_l.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]))
contrast.memory_ab.copy_(torch.tensor([[0.0, 1.0], [0.8, 0.6], [1.0, 0.0]]))
l, ab = torch.tensor([[3.0, 4.0], [1.0, 0.0]]), torch.tensor([[0.0, 2.0], [1.2, -1.6]])
y, idx = torch.tensor([2, 0]), torch.tensor([[2, 0, 1], [0, 1, 1]])
out_l, out_ab = contrast(l, ab, y, idx)
"""
PART.example("cmc_score", f"{SCORED}out_l[:, :, 0], out_ab[:, :, 0]")
PART.example("cmc_score", f"{SCORED}contrast.memory_l, contrast.memory_ab")

SCORES = "scores = torch.tensor([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]]).unsqueeze(2)\n"
PART.example("softmax_loss", f"{SCORES}SoftmaxLoss()(scores)")
PART.example("softmax_loss", f"{SCORES}SoftmaxLoss()(scores[:1])  # a batch of one")
PART.example(
    "softmax_loss", "SoftmaxLoss()(torch.tensor([[0.0, 300.0, 5.0]]).unsqueeze(2))  # large scores"
)
PART.example("nce_loss", f"{SCORES}NCELoss(n_data=10, Z=4.0)(scores)")
PART.example("nce_loss", f"{SCORES}NCELoss(n_data=10, Z=4.0)(scores[:1])  # a batch of one")

VIEWS = """
class Views(nn.Module):
    def __init__(self):
        super().__init__()
        self.l_encoder, self.ab_encoder = nn.Linear(1, 1), nn.Linear(2, 1)

    def forward(self, x):
        return self.l_encoder(x[:, :1]), self.ab_encoder(x[:, 1:])


class AsScores(nn.Module):
    def forward(self, l, ab, y, idx=None):
        return l, ab


class Mean(nn.Module):
    def forward(self, scores):
        return scores.mean()


class Square(nn.Module):
    def forward(self, scores):
        return (scores ** 2).mean()


model = Views()
for p in model.parameters():
    nn.init.constant_(p, 0.5)
data = [(x, 0, i) for i, x in enumerate(torch.linspace(-1, 2, 18).view(6, 3))]
loader = DataLoader(data, batch_size=4)
"""
PART.example(
    "train_cmc",
    f"{VIEWS}model = train_cmc(model, AsScores(), Mean(), Square(), loader, epochs=2)\n"
    "biases = model.l_encoder.bias, model.ab_encoder.bias\n"
    "[1000 * (bias - 0.5) for bias in biases]  # how far they went",
)
