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
    chosen = choose_candidates(config, ComparisonSettings(**settings), rows=920)
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


HINDSIGHT = {"kind": "hindsight", "name": "later", "columns": ["thalach"]}


def test_with_auxiliary_tasks_the_network_is_compared_without_them():
    config = prepare_data(
        build_config({"auxiliary": [HINDSIGHT], "training": {"weighting": "dwa"}})
    ).config
    found = by_name(config)
    assert [*found][:3] == ["multi-task", "without auxiliary tasks", "single-task"]
    own = found["multi-task"].config
    alone = found["without auxiliary tasks"].config
    assert [task.name for task in own.tasks] == ["thal", "heart", "later_thalach"]
    assert alone == own.replace(tasks=own.tasks[:2])
    # The articles' network is as it is there.
    assert found["article"].config.tasks == own.tasks[:2]
    assert [*found["single-task"].task_groups()] == [(task,) for task in own.tasks[:2]]
    assert found["linear"].task_groups() == found["single-task"].task_groups()


def test_one_predicted_task_shares_with_auxiliary_tasks_alone():
    task = {"kind": "binary", "name": "heart", "column": "num", "positive": "> 0"}
    settings = {"tasks": [task], "auxiliary": [HINDSIGHT]}
    found = by_name(prepare_data(build_config(settings)).config)
    assert "without auxiliary tasks" in found
    assert "single-task" not in found


def test_a_chain_is_compared_without_its_auxiliary_end():
    architecture = {"name": "chain", "order": ["thal", "heart", "chol"]}
    tasks = [
        {"kind": "multiclass", "name": "thal"},
        {"kind": "binary", "name": "heart", "column": "num", "positive": "> 0"},
        {"kind": "regression", "name": "chol", "auxiliary": True},
    ]
    settings = {"tasks": tasks, "model": {"architecture": architecture}}
    found = by_name(prepare_data(build_config(settings)).config)
    alone = found["without auxiliary tasks"].config.model.architecture
    assert alone.settings["order"] == ("thal", "heart")


def test_models_without_trained_layers_get_numbers_without_embeddings():
    values = {"inputs": {"numeric_embedding": "ple"}}
    config = prepare_data(build_config(values)).config
    chosen = by_name(config, compare=["low-rank", "mmoe"])
    for name, embedding in (
        ("multi-task", "ple"),
        ("mmoe", "ple"),
        ("low-rank", "none"),
        ("linear", "none"),
        ("article", "none"),
    ):
        found = {f.embedding for f in chosen[name].config.features if "chol" in f.name}
        assert found == {embedding}, name
