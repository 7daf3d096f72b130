"""The Python of docs/onnx.md does what the page says, without this project."""
import os
import re

import numpy
import pytest

pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')

from sentiment import predict  # noqa: E402
from sentiment.portable.export import export  # noqa: E402
from tests.helpers import ROOT, run_python  # noqa: E402
from tests.portable.models import make  # noqa: E402

with open(os.path.join(ROOT, 'docs', 'onnx.md'), encoding='utf-8') as file:
    CODE, = re.findall('```python\n(.*?)```', file.read(), re.DOTALL)
TEXTS = ['What a wonderful film!', 'A waste of time.']  # that it asks about


@pytest.mark.parametrize('int8', [False, True])
def test_the_code_of_the_page_answers_as_predict_does(int8, tmp_path):
    model = make('mean_max', 2, tokenizer='moses:en')
    (tmp_path / 'model.onnx').write_bytes(export(model, int8)[0])
    done = run_python('-c', CODE, cwd=str(tmp_path))
    assert done.returncode == 0, done.stderr
    answers = [line.split() for line in done.stdout.splitlines()]
    probs = predict(model, TEXTS)
    assert [label for label, _ in answers] == [model.classes[k] for k in probs.argmax(axis=1)]
    numpy.testing.assert_allclose([float(p) for _, p in answers], probs.max(axis=1),
                                  atol=0.05 if int8 else 1e-4)
    assert 'sentiment' not in CODE and str(TEXTS) in CODE
