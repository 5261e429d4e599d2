"""Runs of trials, as TensorBoard's own plugin reads them."""

from dataclasses import replace

import pytest
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import (
    EventMultiplexer,
)
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, list_session_groups
from tensorboard.plugins.hparams.backend_context import Context

from tuning.hparams_runs import TENSORBOARD, write_hparams_run
from tuning.objective import Objective

pytestmark = pytest.mark.xdist_group("searches")

AUC = Objective("val_heart_auc", "max")
TERMS = (("val_thal_log_loss", 1.0), ("val_heart_log_loss", 2.0))
SUM = Objective("val_thal_log_loss + 2 * val_heart_log_loss", "min", TERMS)


def read_runs(folder):
    """Returns what the plugin's table shows, by the trial's number."""
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = MultiplexerDataProvider(multiplexer, str(folder))
    context = Context(base_plugin.TBContext(data_provider=provider))
    request, experiment_id = RequestContext(), ""
    metadata = context.hparams_metadata(request, experiment_id)
    experiment = context.experiment_from_metadata(
        request, experiment_id, True, metadata, []
    )
    columns = [
        api_pb2.ColParams(hparam=info.name) for info in experiment.hparam_infos
    ] + [api_pb2.ColParams(metric=info.name) for info in experiment.metric_infos]
    asked = api_pb2.ListSessionGroupsRequest(
        col_params=columns,
        allowed_statuses=[api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE],
        slice_size=100,
    )
    answer = list_session_groups.Handler(request, context, experiment_id, asked).run()
    return {group.name: group for group in answer.session_groups}


def metric_values(group):
    return {each.name.tag: each.value for each in group.metric_values}


def test_the_plugin_shows_settings_and_metrics_of_each_trial(tmp_path, trials):
    failed = replace(trials[0], number=4, folds=(), epochs=(), message="diverged")
    for trial in (*trials, failed):
        write_hparams_run(tmp_path, trial, [AUC, SUM])
    assert [path.name for path in tmp_path.iterdir()] == [TENSORBOARD]
    shown = read_runs(tmp_path / TENSORBOARD)
    assert {*shown} == {"1", "2", "3", "4"}
    for trial in trials:
        group = shown[str(trial.number)]
        settings = group.hparams
        rate = trial.config.training.learning_rate
        assert settings["learning_rate"].number_value == pytest.approx(rate)
        assert settings["architecture"].string_value == "hard-sharing"
        values = metric_values(group)
        for name, value in trial.metrics.items():
            assert values[name] == pytest.approx(value, rel=1e-6), name
        assert values[SUM.name] == pytest.approx(SUM.value(trial.metrics), rel=1e-6)
        assert values["objective_spread"] == pytest.approx(trial.spread(AUC), rel=1e-6)
        assert group.sessions[0].status == api_pb2.STATUS_SUCCESS
    assert shown["4"].sessions[0].status == api_pb2.STATUS_FAILURE
    assert metric_values(shown["4"]) == {}


def test_a_run_that_is_there_stays(tmp_path, trials):
    first = write_hparams_run(tmp_path, trials[0], [AUC])
    before = [path.name for path in first.iterdir()]
    assert write_hparams_run(tmp_path, trials[0], [SUM]) == first
    assert [path.name for path in first.iterdir()] == before
