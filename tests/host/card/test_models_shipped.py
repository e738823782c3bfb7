"""The models that come with the package are complete, and a missing model is reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maixswitch import models_shipped
from maixswitch.card import new
from maixswitch.errors import EXIT_IO, MaixSwitchError


def test_every_model_has_what_its_description_names(tmp_path: Path) -> None:
    names = [*models_shipped.copy(tmp_path), models_shipped.copy_learner(tmp_path)]
    assert names == sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == len(models_shipped.TRAINED) + 2
    for name in names:
        document = json.loads((tmp_path / name / "model.json").read_text(encoding="utf-8"))
        assert document["title"]
        size = (tmp_path / name / document["kmodel"]).stat().st_size
        assert 0 < size < 400 * 1024


def test_an_installation_without_models_leaves_no_incomplete_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_shipped, "FOLDER", tmp_path / "gone")
    with pytest.raises(MaixSwitchError, match="is missing: install maixswitch again") as caught:
        new.create(tmp_path / "card")
    assert caught.value.exit_code == EXIT_IO
    assert not (tmp_path / "card").exists()
    new.create(tmp_path / "card", empty=True)
    assert [path.name for path in (tmp_path / "card" / "models").iterdir()] == []
