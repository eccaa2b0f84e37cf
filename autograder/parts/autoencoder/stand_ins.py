"""What part ``autoencoder`` gives an answer, as neutral stand-ins; knows no answer."""


def given(namespace):
    """What the notebook gives and an answer may call while it trains."""
    namespace["visualize_recon"] = lambda *args, **kwargs: None
    namespace["test"] = lambda *args, **kwargs: 0.0
