"""What an argument may be where only a few words are allowed. Imports nothing, so that the command line loads at once."""

FAMILIES = ("metrics", "budgets", "selections", "strategies", "methods", "predictors", "models", "sources", "executors")
"""What members are listed of."""

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("tf32", "fp32", "bf16")
"""Of training on CUDA."""
LOADINGS = ("auto", "memory", "stream")
CLASS_ORDERS = ("text", "natural", "count")
"""How a folder's classes are numbered: 1, 10, 2; or 1, 2, 10; or the largest first."""

PROFILES = ("exp", "step", "none")
SELECTIONS = ("content", "mislas")
"""How counts fall from class to class, and which images of a class are taken."""

KEEP = ("hard", "easy")
WITHIN = ("set", "class")
"""Which end of a ranking stays, and what is ranked together."""

DROPS = ("noisy", "duplicates")
"""What a pruning may take out first."""

AUTO, WHOLE = "auto", "none"
"""In place of a subset: the one that subsets/ holds of the data, or no subset but the whole set."""

PUBLISHED = "published"
"""In place of a score file: the scores that come with the package."""

MATCH = ("ids", "names")
"""By what scores or a subset are joined to data: the content of each sample, or its file name and label."""

GROUPS = ("head", "middle", "tail")
"""Of classes, by the rank of their counts."""

ABS_FORMS = ("concave", "linear")
EQUAL = ("epochs", "steps")
"""What a run on a subset has as many of as that on the whole set."""
PRESETS = ("paper", "released")
"""Whose epochs and weight decay are the defaults."""

MODELS = {"images": "resnet32", "embeddings": "linear"}
"""Which model a set has by default, by the kind of its samples."""
MOST_MEMBERS = 10_000
"""Of an ensemble: each takes memory before it is trained."""
SCHEDULES = ("step", "cosine", "constant")
SAMPLERS = ("instance", "balanced", "reversed")
DRAWS = ("samples", "oversampled")
TRAINED = ("network", "classifier", "scale", "classifier+scale", "nothing")
"""What a recipe's fields of these names may be."""

FIGURES = ("weight-norms", "logits", "probabilities", "abs", "head", "hardness", "calibration")
"""Of a trained run, in the order of the paper; the last is in none."""
SHEETS = ("removed", "kept", "hardest", "easiest", "disagreements", "noisy", "copies")
"""Of pictures: what each shows of every class."""
FORMATS = ("npy", "txt", "csv", "json", "parquet", "ids", "list", "weights", "fiftyone", "cleanlab", "copies", "links")
"""Of an exported subset; the first five are the endings of their files, the last two are folders."""
LOADERS = ("imagefolder",)
"""Whose indices an export may give, besides our own."""
