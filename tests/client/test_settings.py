"""Settings that cannot work are refused before anything is sent."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import keras_mtl as km
from keras_mtl.client import ServedModel, read_description
from tests.client.served_metadata import METADATA


def test_all_errors_are_told_at_once():
    with pytest.raises(km.UserError) as caught:
        ServedModel(
            "localhost:8501",
            {"format": 9},
            version=1,
            label="stable",
            timeout=0,
            retries=-1,
            batch_size=0,
            concurrency=1.5,
            headers={"X-Team": 7},
            token=b"secret",
            certificate="no/such/file",
            client_certificate="one.pem",
        )
    assert [message.partition(":")[0] for message in caught.value.messages] == [
        "timeout",
        "retries",
        "batch_size",
        "concurrency",
        "headers",
        "token",
        "client_certificate",
        "certificate",
        "version, label",
        "url",
        "metadata",
    ]


@pytest.mark.parametrize(
    ("url", "options", "address"),
    [
        ("http://h:8501", {}, "http://h:8501/v1/models/heart:predict"),
        ("http://h:8501/", {"name": "b"}, "http://h:8501/v1/models/b:predict"),
        (
            "https://h/tf",
            {"label": "x"},
            "https://h/tf/v1/models/heart/labels/x:predict",
        ),
        (
            "http://h/v1/models/b",
            {"version": 2},
            "http://h/v1/models/b/versions/2:predict",
        ),
        ("http://h/v1/models/b:predict", {}, "http://h/v1/models/b:predict"),
        ("https://h/endpoints/7:rawPredict", {}, "https://h/endpoints/7:rawPredict"),
        ("http://h:8080/invocations", {}, "http://h:8080/invocations"),
    ],
)
def test_an_address_is_completed_or_kept(url, options, address):
    assert ServedModel(url, METADATA, **options).address == address


def test_a_whole_address_takes_no_version():
    with pytest.raises(km.UserError, match="version: expected nothing beside a whole"):
        ServedModel("http://h/v1/models/b:predict", METADATA, version=2)


def test_metadata_are_found_in_a_file_a_version_a_model_and_a_run(tmp_path):
    run, tmp_path = tmp_path, tmp_path / "serving" / "heart"
    for number in (2, 10):
        folder = tmp_path / str(number) / "assets.extra"
        folder.mkdir(parents=True)
        text = json.dumps({**METADATA, "name": f"v{number}"})
        (folder / "metadata.json").write_text(text)
    (tmp_path / ".11").mkdir()
    assert read_description(tmp_path).name == "v10"
    assert read_description(run).name == "v10"
    assert read_description(str(tmp_path / "2")).name == "v2"
    assert read_description(folder / "metadata.json").name == "v10"
    with pytest.raises(km.UserError, match=r"No such file.*Pass the folder"):
        read_description(tmp_path / "3")


def test_metadata_of_an_older_export_are_refused_with_the_remedy():
    old = {**METADATA, "tasks": [{"name": "sick"}]}
    with pytest.raises(km.UserError, match=r"'predictions'.*Export the run again"):
        read_description(old)


def test_it_needs_no_tensorflow_no_keras_and_no_pandas():
    code = f"""
import json, sys
hidden = ("tensorflow", "keras", "pandas", "sklearn", "scipy", "pydantic")
for name in hidden:
    sys.modules[name] = None
from keras_mtl.client import ServedModel
answer = json.dumps({{"predictions": [{{"sick": 0.5}}]}}).encode()
model = ServedModel(lambda body: answer, {METADATA!r})
assert model.predict([{{"Age": 50}}])[0]["sick_probability"] == 0.5
ServedModel("http://127.0.0.1:9", {METADATA!r}).close()
ServedModel("grpc://127.0.0.1:9", {METADATA!r}).close()
assert not [name for name in hidden if sys.modules[name] is not None]
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(km.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
