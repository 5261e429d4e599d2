"""The client gets from a server what `predict` writes."""

import json

import grpc
import numpy as np
import pandas as pd
import polars as pl
import pytest
import requests

import keras_mtl as km
from keras_mtl.client import ServedModel, ServingError


@pytest.fixture(scope="module")
def rows(mixed_frame):
    """Raw rows without their labels, with an index of their own."""
    frame = mixed_frame[["age at visit", "dose", "größe", "Site", "smoker"]].head(20)
    return frame.set_axis([f"v{row}" for row in range(20)])


@pytest.fixture(scope="module")
def expected(mixed_run, rows):
    return km.predict_table(mixed_run, rows)


@pytest.fixture(params=["rest", "grpc"])
def url(request, server):
    return request.getfixturevalue(f"{request.param}_url")


def assert_same(answers, expected):
    assert answers.columns.tolist() == expected.columns.tolist()
    assert answers.index.tolist() == expected.index.tolist()
    for column in expected:
        if expected[column].dtype.kind == "f":
            assert answers[column].dtype == expected[column].dtype
            scale = max(1.0, float(np.abs(expected[column]).max()))
            np.testing.assert_allclose(
                answers[column], expected[column], rtol=0, atol=1e-6 * scale
            )
        else:
            assert answers[column].tolist() == expected[column].tolist()


@pytest.mark.parametrize("options", [{}, {"batch_size": 3, "concurrency": 4}])
def test_it_predicts_as_predict_does(url, server, version, rows, expected, options):
    with ServedModel(url, version, **options) as model:
        assert_same(model.predict(rows), expected)
    assert len(server.requests) == (7 if options else 1)


def test_a_table_of_another_kind_gets_its_own(url, version, rows, expected):
    with ServedModel(url, version) as model:
        polars = model.predict(pl.DataFrame(rows.to_dict("records")))
        dicts = model.predict(rows.to_dict("records"))
    assert isinstance(polars, pl.DataFrame)
    assert isinstance(dicts, list)
    plain = expected.reset_index(drop=True)
    assert_same(
        pd.DataFrame(polars.to_dict(as_series=False)).astype(plain.dtypes), plain
    )
    assert_same(pd.DataFrame(dicts).astype(plain.dtypes), plain)


def test_no_rows_are_answered_without_a_request(url, server, version, rows):
    with ServedModel(url, version) as model:
        answer = model.predict(rows.head(0))
        assert answer.columns.tolist() == model.predict(rows.head(1)).columns.tolist()
        polars = pl.DataFrame(rows.head(1).to_dict("records"))
        assert model.predict(polars.head(0)).schema == model.predict(polars).schema
    assert len(answer) == 0
    assert len(server.requests) == 2


def test_a_list_of_no_rows_is_a_list(rest_url, version):
    assert ServedModel(rest_url, version).predict([]) == []


def test_rest_asks_the_version_with_the_token(rest_url, server, version, rows):
    tokens = iter(["one", "two"])
    model = ServedModel(
        rest_url,
        version,
        version=3,
        token=lambda: next(tokens),
        headers={"Host": "visits.example"},
        batch_size=10,
    )
    model.predict(rows)
    asked = [(path, sent["Authorization"]) for path, sent, _ in server.requests]
    path = f"/v1/models/{version.parent.name}/versions/3:predict"
    assert asked == [(path, "Bearer one"), (path, "Bearer two")]
    assert server.requests[0][1]["Host"] == "visits.example"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/visits",
        "/v1/models/visits:predict",
        "/invocations",
        "/v1/projects/p/locations/l/endpoints/7:predict",
        "/v1/projects/p/locations/l/endpoints/7:rawPredict",
    ],
)
def test_the_addresses_of_other_places_get_the_same(
    rest_url, server, version, rows, expected, path
):
    assert_same(ServedModel(rest_url + path, version).predict(rows), expected)
    asked, headers, body = server.requests[0]
    assert asked == path.removesuffix(":predict") + ":predict" * (
        "rawPredict" not in path and path != "/invocations"
    )
    # SageMaker's image takes no other content type, and looks for the key.
    assert headers["Content-Type"] == "application/json"
    assert list(body) == ["instances"]


def test_grpc_asks_the_label_with_the_headers(grpc_url, server, version, rows):
    with ServedModel(
        grpc_url, version, name="visits", label="stable", headers={"X-Team": "heart"}
    ) as model:
        model.predict(rows)
    message, headers, _ = server.requests[0]
    assert message.model_spec.name == "visits"
    assert message.model_spec.version_label == "stable"
    assert headers["x-team"] == "heart"


BUSY = {
    "rest": (503, {"error": "queue full"}, [("Retry-After", "0")]),
    "grpc": (grpc.StatusCode.UNAVAILABLE, "queue full"),
}
REFUSED = {
    "rest": (404, {"error": "Servable not found"}),
    "grpc": (grpc.StatusCode.NOT_FOUND, "Servable not found"),
}


def kind(url):
    return "grpc" if url.startswith("grpc") else "rest"


def test_what_a_busy_server_refuses_is_sent_again(url, server, version, rows, expected):
    server.refusals += [BUSY[kind(url)]] * 2
    with ServedModel(url, version, retries=2, backoff=0.01) as model:
        assert_same(model.predict(rows), expected)
    assert len(server.requests) == 3


def test_after_the_last_attempt_the_error_says_what_and_where(
    url, server, version, rows
):
    server.refusals += [BUSY[kind(url)]] * 2
    with (
        ServedModel(url, version, retries=1, backoff=0.01) as model,
        pytest.raises(ServingError, match="queue full") as caught,
    ):
        model.predict(rows)
    assert caught.value.status in (503, "UNAVAILABLE")
    assert url in str(caught.value)
    assert len(server.requests) == 2


def test_what_cannot_pass_is_not_sent_again(url, server, version, rows):
    server.refusals.append(REFUSED[kind(url)])
    with (
        ServedModel(url, version) as model,
        pytest.raises(ServingError, match=r"Servable not found.*name of the model"),
    ):
        model.predict(rows)
    assert len(server.requests) == 1


def test_an_answer_that_is_no_answer_is_told(rest_url, server, version, rows):
    server.refusals += [(200, b"<html>hello</html>"), (200, {"predictions": [1]})]
    model = ServedModel(rest_url, version)
    for reason in ("cannot be read", "expected 20 predictions"):
        with pytest.raises(ServingError, match=reason):
            model.predict(rows)


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_no_server_is_told_with_its_address(scheme, version, rows):
    url = f"{scheme}://127.0.0.1:9"
    with (
        ServedModel(url, version, retries=0) as model,
        pytest.raises(
            ServingError, match=r"127\.0\.0\.1:9.*Start the server"
        ) as caught,
    ):
        model.predict(rows)
    assert caught.value.can_retry


def test_metadata_of_another_order_of_classes_are_refused(url, server, version, rows):
    metadata = json.loads((version / "assets.extra" / "metadata.json").read_text())
    (stage,) = (task for task in metadata["tasks"] if task["name"] == "stage")
    listed = [each for each in stage["predictions"] if "index" in each]
    listed[0]["index"], listed[1]["index"] = listed[1]["index"], listed[0]["index"]
    with (
        ServedModel(url, metadata) as model,
        pytest.raises(ServingError, match="not the one of the metadata"),
    ):
        model.predict(rows)


def test_a_function_sends_the_json(server, version, rows, expected, rest_url):
    def send(body):
        return requests.post(f"{rest_url}/invocations", data=body, timeout=10).content

    assert_same(ServedModel(send, version).predict(rows), expected)


def test_columns_that_are_absent_are_told_with_the_nearest_name(version, rows):
    model = ServedModel("http://127.0.0.1:9", version)
    with pytest.raises(km.UserError, match=r"'Site'.*Did you mean 'site'\?") as caught:
        model.predict(rows.rename(columns={"Site": "site"}).assign(dose="much"))
    assert len(caught.value.messages) == 2
