"""Candidates are what their names say, on the same rows."""

import pytest

from keras_mtl.comparison import ComparisonSettings
from keras_mtl.comparison.candidates import choose_candidates
from keras_mtl.configuration import build_config
from keras_mtl.runs import prepare_data


@pytest.fixture(scope="module")
def heart():
    return prepare_data(build_config({})).config


def by_name(config, **settings):
    chosen = choose_candidates(config, ComparisonSettings(**settings))
    return {candidate.name: candidate for candidate in chosen}


def test_the_article_is_its_preset_whatever_the_run_says(heart):
    run = heart.replace(model=heart.model.replace(dropout=0.5, batch_norm=True))
    article = by_name(run)["article"].config
    alone = prepare_data(build_config({"preset": "article"})).config
    assert article.model == alone.model
    assert article.training == alone.training
    assert article.features == alone.features


def test_a_run_of_the_article_is_compared_with_the_default(heart):
    alone = prepare_data(build_config({"preset": "article"})).config
    chosen = by_name(alone, compare=["default"], members=3)
    assert "article" not in chosen
    default = chosen["default"].config
    assert default.model == heart.model
    assert default.training == heart.training.replace(members=3)
    assert default.features == heart.features


@pytest.mark.parametrize(
    ("text", "section", "name"),
    [
        ("upgrad", "training.weighting", "upgrad"),
        ("cagrad:c=0.4", "training.weighting", "cagrad"),
        ("mmoe:experts=3", "model.architecture", "mmoe"),
    ],
)
def test_a_further_configuration_changes_what_it_names(heart, text, section, name):
    part, key = section.split(".")
    candidates = by_name(heart, compare=[text])
    own, multi = candidates[text].config, candidates["multi-task"].config
    assert getattr(getattr(own, part), key).name == name
    same = getattr(own, part).replace(**{key: getattr(getattr(multi, part), key)})
    assert same == getattr(multi, part)


def test_a_file_is_laid_on_the_run(heart, tmp_path):
    path = tmp_path / "wide.toml"
    path.write_text("[model]\ntrunk = [128]\n")
    own = by_name(heart, compare=[str(path)])[str(path)].config
    assert own.model.trunk == (128,)
    assert own.tasks == heart.tasks


def test_fits_of_other_settings_have_another_digest(heart):
    chosen = by_name(heart, compare=["upgrad"])
    digests = {
        (name, tasks): candidate.digest(tasks)
        for name, candidate in chosen.items()
        for tasks in candidate.task_groups()
    }
    assert len(set(digests.values())) == len(digests)
    assert digests == {
        (name, tasks): candidate.digest(tasks)
        for name, candidate in by_name(heart, compare=["upgrad"], repeats=9).items()
        for tasks in candidate.task_groups()
    }
