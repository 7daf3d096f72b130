"""export: one line and a file, or one line and none."""
import importlib
import shutil

import pytest

from sentiment import load_model
from sentiment.commands.main import main


def test_it_writes_a_file_and_says_how_near_it_is(saved, tmp_path, capsys):
    pytest.importorskip('onnx')
    runtime = pytest.importorskip('onnxruntime')
    path = str(tmp_path / 'm.onnx')
    assert main(['export', saved[0], path]) == 0
    out = capsys.readouterr().out
    assert out.startswith(path + ': 0.') and '0 labels differ' in out and out.count('\n') == 1
    assert runtime.InferenceSession(path).get_inputs()[0].name == 'words'


@pytest.mark.parametrize('missing', ['onnx', 'onnxruntime'])
def test_without_its_packages_it_says_what_to_install(missing, saved, tmp_path, capsys,
                                                      monkeypatch):
    found = importlib.import_module

    def import_module(name, *rest):
        if name == missing:
            raise ImportError(name)
        return None if name in ('onnx', 'onnxruntime') else found(name, *rest)

    monkeypatch.setattr(importlib, 'import_module', import_module)
    assert main(['export', saved[0], str(tmp_path / 'm.onnx')]) == 2
    assert capsys.readouterr().err == ("lstm.py: error: export needs the package %s: "
                                       "pip install -e '.[onnx]'\n" % missing)


@pytest.mark.parametrize('place', ['no/m.onnx', ''])
def test_where_nothing_can_be_written_it_says_so(place, saved, tmp_path, capsys):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    assert main(['export', saved[0], str(tmp_path) + '/' + place]) == 2
    assert capsys.readouterr().err.count('error: ') == 1


def test_no_model_is_written_over(saved, tmp_path, capsys):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    same, other = str(tmp_path / 'm.onnx'), str(tmp_path / 'other.npz')
    for copy in (same, other):
        shutil.copy(saved[0], copy)
    for model, output, said in ((same, same, 'the export would take the place of the model'),
                                (saved[0], other, 'an export ends in .onnx')):
        assert main(['export', model, output]) == 2
        assert said in capsys.readouterr().err and load_model(output)
