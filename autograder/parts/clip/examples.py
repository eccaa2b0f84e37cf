"""Snippets for students whose answer is wrong; the first that comes out wrong is shown."""

from autograder.parts.clip.checks import PART

PART.example(
    "projection_head",
    """
head = ProjectionHead(2, projection_dim=3)
with torch.no_grad():
    for p in head.parameters():
        p.copy_(torch.linspace(-1, 2, p.numel()).view_as(p))
head(torch.tensor([[3.0, 1.0], [0.5, -2.0]]))
""",
)

MODEL = """
class Ids(nn.Module):  # in the place of the text encoder
    def forward(self, input_ids, attention_mask):
        return input_ids / 5


model = CLIPModel(temperature={temperature})
model.image_encoder, model.text_encoder = nn.Flatten(), Ids()
model.image_projection, model.text_projection = nn.Identity(), nn.Identity()
images = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, -1.0]]).view(3, 2, 1, 1)
texts = torch.tensor([[4, 3], [3, 4], [0, 5]])
"""
WHOLE = '{"image": images, "input_ids": texts, "attention_mask": torch.ones_like(texts)}'
ONE = '{"image": images[:1], "input_ids": texts[:1], "attention_mask": torch.ones_like(texts[:1])}'
PART.example("clip_model", f"{MODEL.format(temperature=0.5)}model({WHOLE})")
PART.example("clip_model", f"{MODEL.format(temperature=0.5)}model({ONE})  # one pair")
PART.example("clip_model", f"{MODEL.format(temperature=0.0005)}model({WHOLE})")

SEARCH = """
class Query(nn.Module):  # in the place of the text encoder: the same for every query
    def forward(self, input_ids, attention_mask):
        return torch.tensor([[3.0, 4.0]], device=input_ids.device)


model = nn.Module()
model.text_encoder, model.text_projection = Query(), nn.Identity()
embeddings = torch.tensor([[0.0, 9.0], [0.6, 0.8], [2.0, 0.0], [-1.0, 1.0]])
names = ["up.jpg", "same.jpg", "right.jpg", "left.jpg"]
"""
PART.example(
    "retrieve_images", f'{SEARCH}retrieve_images(model, embeddings, "a query", names, k=3)'
)
PART.example(
    "retrieve_images",
    f'{SEARCH}found = retrieve_images(model, embeddings, "a query", names, k=1)\n'
    "type(found).__name__, found",
)
