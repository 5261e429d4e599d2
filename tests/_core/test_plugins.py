"""Plugins of installed packages are found, and a broken one stops nothing."""

import json
import subprocess
import sys
import warnings

import pytest

import keras_mtl.weighting
from keras_mtl._core import plugins
from keras_mtl.errors import PluginWarning, UserError
from keras_mtl.tasks.kinds import TASK_KINDS, deserialize_task

KIND = """
import keras_mtl as km

@km.register_task_kind({kind!r})
@km.declaration
class {name}(km.RegressionTask):
    pass
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts modules and a distribution that names them on `sys.path`."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(plugins._Plugins, "loaded", False)
    monkeypatch.setattr(plugins._Plugins, "failed", ())

    def install(**modules):
        for name, source in modules.items():
            (tmp_path / f"{name}.py").write_text(source)
            monkeypatch.delitem(sys.modules, name, raising=False)
        info = tmp_path / "made_up_plugins-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Name: made-up-plugins\nVersion: 1.0\n")
        points = "".join(f"{name} = {name}\n" for name in modules)
        (info / "entry_points.txt").write_text(f"[keras_mtl.plugins]\n{points}")
        return tmp_path

    return install


def test_a_plugin_is_imported_when_a_name_is_not_built_in(install):
    install(price_plugin=KIND.format(kind="price", name="Price"))
    assert deserialize_task({"kind": "regression", "name": "a"}).kind == "regression"
    assert "price_plugin" not in sys.modules
    assert deserialize_task({"kind": "price", "name": "rent"}).kind == "price"
    assert "price_plugin" in sys.modules


def test_a_plugin_is_there_when_all_names_are_listed(install):
    install(price_plugin=KIND.format(kind="price", name="Price"))
    assert list(TASK_KINDS)[-1] == "price"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_th"),
        ("1 / 0", "ZeroDivisionError: division by zero."),
        ("def (", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3."),
    ],
)
def test_a_broken_plugin_is_named_with_its_error_and_stops_no_other(
    install, source, text
):
    install(broken_one=source, price_plugin=KIND.format(kind="price", name="Price"))
    with pytest.warns(PluginWarning) as caught:
        assert deserialize_task({"kind": "price", "name": "rent"}).kind == "price"
    (warning,) = caught
    assert str(warning.message).startswith(
        "Plugin 'broken_one' (module 'broken_one') could not be loaded: "
    )
    assert text in str(warning.message)
    # It is told once; asking for a name that nobody has tells it again.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserError, match=r"received 'prize'.*Did you mean 'price'"):
            deserialize_task({"kind": "prize", "name": "rent"})
        with pytest.raises(UserError, match=r"'broken_one'.*could not be loaded"):
            keras_mtl.weighting.get("broken-method")


def test_two_plugins_of_one_name_are_refused_with_both_modules(install):
    install(
        a_plugin=KIND.format(kind="price", name="Price"),
        b_plugin=KIND.format(kind="price", name="Cost"),
    )
    with (
        pytest.warns(PluginWarning, match="'a_plugin' and from 'b_plugin'"),
        pytest.raises(UserError, match="'a_plugin' and from 'b_plugin'"),
    ):
        deserialize_task({"kind": "price", "name": "rent"})


def test_a_command_prints_the_broken_plugin_as_a_warning_and_goes_on(install, tmp_path):
    folder = install(broken_one="import no_such_thing")
    (folder / "rows.csv").write_text("a,b\n" + "1.5,yes\n2.5,no\n" * 3)
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        "from keras_mtl.fit import main\n"
        "sys.exit(main(['--data', 'rows.csv', '--task', 'c:binary', '--quiet']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "warning: Plugin 'broken_one'" in done.stderr
    assert "expects its labels in column 'c'" in done.stderr
    assert "Traceback" not in done.stderr


def test_modules_of_the_command_line_are_all_tried(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "fine_module.py").write_text(KIND.format(kind="fine", name="Fine"))
    (tmp_path / "bad_module.py").write_text("raise ValueError('no luck')")
    with pytest.raises(UserError) as error:
        plugins.import_modules(["bad_module", "fine_module", "fine_module.py", "a b"])
    messages = error.value.messages
    assert len(messages) == 3
    assert messages[0] == (
        "--import: module 'bad_module' could not be imported: ValueError: no luck."
    )
    assert "received 'fine_module.py'" in messages[1]
    assert "fine" in TASK_KINDS


def test_what_a_module_prints_is_shown_but_for_tensorflows_lines(tmp_path, run_python):
    lines = ["I0000 00:00:1795 22411 port.cc:153] oneDNN", "a word of the module"]
    source = f"import os\nfor line in {json.dumps(lines)}: os.write(2, line.encode())"
    (tmp_path / "talking.py").write_text(
        source.replace("line.encode()", "(line + '\\n').encode()")
    )
    done = run_python(
        "-c",
        "import keras_mtl._core.plugins as p; p.import_modules(['talking'])",
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "a word of the module\n")
