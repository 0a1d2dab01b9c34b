from __future__ import annotations

from lt_prune.reports.copies import in_words


def copy(number: int, **more: object) -> dict[str, object]:
    return {"id": f"{number:016x}", "file": f"{number}.png", "of": None, "similarity": None, **more}


def test_ten_are_named_and_the_others_counted():
    assert in_words([copy(i) for i in range(10)]) == ", ".join(f"{i}.png" for i in range(10))
    assert in_words([copy(i) for i in range(1012)]).endswith(", 9.png, and 1,002 more")


def test_each_names_what_it_is_a_copy_of_as_far_as_that_is_known():
    of = {"id": "0" * 16, "file": None}
    assert in_words([copy(1, of=of, similarity=0.99876)]) == f"1.png (of {'0' * 16}, 0.9988)"
    assert in_words([copy(1, similarity=0.996)]) == "1.png (0.9960)"
    assert in_words([copy(1, of={"test_index": 3, "file": None}, file=None)]) == f"{1:016x} (of test sample 3)"
    assert in_words([copy(1, of={"test_index": 3, "file": "t.png"})]) == "1.png (of t.png)"
