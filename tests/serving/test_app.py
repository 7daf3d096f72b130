"""The API: answers equal to predict's, refusals of one line, and nothing that comes back as markup.
"""
import base64
import gzip
import io
import json
import os
import re
import time

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentiment import explain, predict
from sentiment.serving import limits
from sentiment.serving.app import STATIC
from tests.helpers import POSITIVE, as_texts, toy_reviews

MARKUP = '<img src=x onerror=alert(1)> wordoa <script>alert(2)</script>'


def answers_of(client, texts, path='/predict'):
    """Return the answers to texts."""
    found = client.post(path, json={'texts': texts})
    assert found.status_code == 200, found.text
    return found.json()['answers']


def test_answers_are_those_of_predict(client, model):
    texts = as_texts(toy_reviews(50, 3)[0]) + ['xyzzy']
    answers = answers_of(client, texts)
    probs = predict(model, texts)
    for answer, expected in zip(answers, probs):
        assert list(answer['probabilities']) == model.classes
        numpy.testing.assert_allclose(list(answer['probabilities'].values()), expected, rtol=1e-9)
        assert answer['label'] == model.classes[expected.argmax()]
        assert answer['probability'] == max(answer['probabilities'].values())
    assert answers[-1]['unknown_words'] == 1 and 'no known word' in answers[-1]['note']


def test_explanations_are_those_of_explain(client, model):
    texts = as_texts(toy_reviews(5, 3)[0])
    for text, answer in zip(texts, answers_of(client, texts, '/explain')):
        words, contributions = explain(model, text)
        assert [word for word, _ in answer['words']] == words
        numpy.testing.assert_allclose([value for _, value in answer['words']],
                                      contributions[:, 1] - contributions[:, 0], atol=1e-9)
        assert (answer['towards'], answer['explained']) == ('positive', 'by word')


@pytest.mark.parametrize('path', ['/predict', '/explain'])
def test_a_text_without_a_word_has_a_problem_and_others_their_answer(client, path):
    first, second, third = answers_of(client, ['', POSITIVE, ' \n'], path)
    assert first == third and first['label'] is None
    assert first['problem'] == 'a review without a word'
    assert second['label'] == 'positive'
    assert answers_of(client, [], path) == []


@pytest.mark.parametrize('path, body, status, reason', [
    ('/predict', b'{', 400, 'not JSON'), ('/predict', b'', 422, 'the body is to be JSON'),
    ('/predict', b'\xff\xfe', 400, 'not JSON'), ('/predict', b'[]', 422, 'the body is to be JSON'),
    ('/predict', b'[' * 10 ** 5, 400, 'body'), ('/predict', b'9' * 5000, 400, 'body'),
    ('/predict', b'{"texts": [1]}', 422, 'texts.0: Input should be a valid string'),
    ('/predict', b'{"texts": "a"}', 422, 'texts: Input should be a valid list'),
    ('/predict', b'{"texts": [null]}', 422, 'string'), ('/predict', b'{}', 422, 'texts'),
    ('/predict', b'{"texts": NaN}', 422, 'list'),
    ('/predict', b'{"texts": ["a"], "model": "/etc/passwd"}', 422, 'model'),
    ('/predict', b'{"texts": ["a\\u0000b"]}', 422, 'texts[0] holds the character NUL'),
    ('/predict', b'{"texts": ["\\ud800"]}', 422, 'string'),
    ('/predict', json.dumps({'texts': ['a'] * 10 ** 5}).encode(), 422, 'at most 256'),
    ('/predict', json.dumps({'texts': ['a' * 100001]}).encode(), 422, 'at most 100000'),
    ('/explain', json.dumps({'texts': ['a'] * 17}).encode(), 422, 'at most 16'),
    ('/explain', json.dumps({'texts': ['a' * 10001] * 2}).encode(), 422, 'more than 20000'),
    ('/predict', b'{"texts": ["' + b'a' * 2 ** 20 + b'"]}', 413, 'more than 1048576 bytes')])
def test_what_cannot_be_answered_is_a_status_and_a_line(client, path, body, status, reason):
    found = client.post(path, content=body, headers={'content-type': 'application/json'})
    assert found.status_code == status
    detail = found.json()['detail']
    assert reason in detail and len(detail.splitlines()) == 1 and len(detail) < 300


@pytest.mark.parametrize('kind', [None, 'text/plain', 'application/x-www-form-urlencoded'])
def test_what_is_not_sent_as_json_is_refused(client, kind):
    found = client.post('/predict', content=b'{"texts": ["a"]}',
                        headers={'content-type': kind} if kind else {})
    assert found.status_code == 422 and 'application/json' in found.json()['detail']


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(st.text() | st.just('texts'), inner, max_size=4),
                    max_leaves=20)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(value=JSON | st.fixed_dictionaries({'texts': JSON | st.lists(st.text(), max_size=4)}),
       path=st.sampled_from(['/predict', '/explain']))
def test_any_json_has_an_answer_or_a_reason(client, value, path):
    found = client.post(path, content=json.dumps(value).encode('utf-8', 'surrogatepass'),
                        headers={'content-type': 'application/json'})
    assert found.status_code in (200, 400, 422)
    if found.status_code == 200:
        assert len(found.json()['answers']) == len(value['texts'])
    else:
        assert len(found.json()['detail'].splitlines()) == 1


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=200))
def test_any_bytes_have_an_answer_or_a_reason(client, body):
    found = client.post('/predict', content=body, headers={'content-type': 'application/json'})
    assert found.status_code in (400, 422) and 'detail' in found.json()


# --- Where from, and what comes with it -------------------------------------------------------


@pytest.mark.parametrize('headers, status', [
    ({'host': 'evil.example'}, 421), ({'host': 'evil.example:80'}, 421), ({'host': '[::2]'}, 421),
    ({'host': '127.0.0.1:8000'}, 200), ({'origin': 'http://evil.example'}, 403),
    ({'origin': 'null'}, 403), ({'origin': 'http://localhost', 'host': 'localhost'}, 200)])
def test_only_who_calls_it_by_its_name_is_answered(client, headers, status):
    assert client.get('/health', headers=headers).status_code == status


@pytest.mark.parametrize('path', ['/', '/page.js', '/docs', '/model', '/health', '/openapi.json',
                                  '/nothing', '/predict'])
def test_every_answer_forbids_what_is_not_ours(client, path):
    found = client.get(path)
    policy = found.headers['content-security-policy']
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert 'unsafe' not in policy and 'http' not in policy
    assert found.headers['x-content-type-options'] == 'nosniff'
    assert found.headers['referrer-policy'] == 'no-referrer'
    assert not re.search('<.*>', found.headers.get('content-type', ''))


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere():
    for name in os.listdir(STATIC):
        with open(os.path.join(STATIC, name), encoding='utf-8') as file:
            text = file.read()
        assert not re.search(r'innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(', text)
        assert not re.search(r'https?://(?!www\.w3\.org/2000/svg)', text), name
        if name.endswith('.html'):
            assert not re.search(r'\son\w+=|style=|<style|<script(?! type="module" src="/)', text)


@pytest.mark.parametrize('path', ['/predict', '/explain'])
def test_a_text_never_comes_back_as_markup(client, path):
    found = client.post(path, json={'texts': [MARKUP]})
    assert found.headers['content-type'] == 'application/json'
    found = client.post(path, json={'texts': [MARKUP], MARKUP: 1})
    assert found.headers['content-type'] == 'application/json' and '<script' not in found.text


def test_the_model_tells_how_it_was_trained_and_no_place(client, model, saved):
    told = client.get('/model').json()
    first, = told['models']
    assert told['classes'] == model.classes and first['errors']['test'] == saved[2][2]
    assert sum(count for _, _, count in first['lengths']) == first['n_train'] == 57
    assert first['costs'][-1][0] == first['n_updates']
    assert len(first['history'][0]) == 4 and first['reliability']
    assert os.path.dirname(saved[0]) not in json.dumps(told)


def test_nothing_is_handed_out_to_run_the_model_elsewhere_unless_told(client):
    assert client.get('/model.onnx').status_code == 404
    assert client.get('/model').json()['in_browser'] is False


def test_the_api_describes_itself(client):
    paths = client.get('/openapi.json').json()['paths']
    assert set(paths) == {'/predict', '/explain', '/model', '/health', '/table'}
    assert all(call['description'] for verbs in paths.values() for call in verbs.values())


# --- Files ------------------------------------------------------------------------------------


def table_of(client, data, **query):
    """Return (the lines about a file but for its table, the table)."""
    found = client.post('/table', content=data, params=query)
    assert found.status_code == 200, found.text
    lines = [json.loads(line) for line in found.text.splitlines()]
    table = b''.join(base64.b64decode(line['table']) for line in lines if 'table' in line)
    return [line for line in lines if 'table' not in line], table


def test_a_table_comes_back_in_its_own_form(client, model):
    data = 'id;review\r\n1;%s\r\n2;"wordca; wordda"\r\n' % POSITIVE
    lines, table = table_of(client, data.encode())
    first, second, third = table.decode().splitlines()
    assert first == 'id;review;label;probability_negative;probability_positive;unknown_words'
    assert second.startswith('1;%s;positive;' % POSITIVE) and third.startswith('2;"wordca; wordda"')
    assert lines[-1] == {'end': True, 'ending': '.csv', 'warning': None}
    preview = lines[-2]['preview']
    assert preview['columns'][:3] == ['id', 'review', 'label']
    assert preview['rows'][0][:3] == ['1', POSITIVE, 'positive']


@pytest.mark.parametrize('pack', [bytes, gzip.compress])
def test_lines_come_back_as_a_table_which_names_no_folder_of_ours(client, pack):
    lines, table = table_of(client, pack(('%s\nwordca\n' % POSITIVE).encode()))
    assert table.decode().splitlines()[1].startswith('file:1,positive,')
    assert 'tmp' not in table.decode() and lines[-1]['end']


@pytest.mark.parametrize('kind, ending', [('parquet', '.parquet'), ('excel', '.xlsx')])
def test_binary_tables_come_back_as_such(client, kind, ending):
    pandas = pytest.importorskip('pandas')
    pytest.importorskip({'parquet': 'pyarrow', 'excel': 'openpyxl'}[kind])
    out = io.BytesIO()
    write = getattr(pandas.DataFrame({'text': [POSITIVE, 'wordca']}), 'to_' + kind)
    write(out, index=False)
    lines, table = table_of(client, out.getvalue())
    assert lines[-1]['ending'] == ending
    read = getattr(pandas, 'read_' + kind)(io.BytesIO(table))
    assert list(read['label']) == ['positive', 'negative'] and list(read['text'])[0] == POSITIVE


def test_what_is_wrong_with_a_file_is_a_line_that_names_no_folder_of_ours(client):
    for data, reason in [(b'', 'no reviews'), (b'%PDF-1.4 ...', 'PDF'),
                         (b'a,b,label\n1,2,3\n', 'choose by --text_column'),
                         (b'review,label\ngood\n', 'row 2: 1 fields')]:
        line, = [line for line in table_of(client, data)[0] if 'done' not in line] or [{}]
        if data:
            assert reason in line['error'] and line['error'].startswith('file: ')
    lines, table = table_of(client, b'a,b,label\n%s,2,3\n' % POSITIVE.encode(), text_column='a')
    assert lines[-1]['end'] and b'positive' in table
    lines, _ = table_of(client, b'id,review\n1,wordoa\n2,\n')
    assert lines[-1]['warning'].startswith('file: 1 of its rows have no text')


def test_what_a_file_leaves_on_the_disk_is_gone(client, tmp_path, monkeypatch):
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    table_of(client, b'wordoa\n' * 10)
    table_of(client, b'review,label\ngood\n')
    deadline = time.monotonic() + 20
    while os.listdir(str(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.01)  # they go when their threads have ended, which nobody waits for
    assert os.listdir(str(tmp_path)) == []


def test_the_largest_file_is_a_limit(client, monkeypatch):
    monkeypatch.setattr(limits, 'MAX_UPLOAD', 1000)
    found = client.post('/table', content=b'a' * 1001)
    assert found.status_code == 413
    found = client.post('/table', content=iter([b'a' * 600] * 2))
    assert found.status_code == 413 and found.json()['detail'] == 'a body of more than 1000 bytes'
