"""Benchmarks that need nothing but the program run: nobody would notice else that they do not."""
import re

from tests.helpers import run_python, write_toy_pickle


def test_streamed_beside_memory(tmp_path):
    path = write_toy_pickle(tmp_path / 'imdb.pkl')
    done = run_python('benchmarks/streamed.py', str(path), '--times', '2', '--epochs', '1',
                      '--seeds', '1', '--buffer', '100', '--', '--n_words', '32', '--dim_proj', '3')
    assert not done.returncode, done.stderr
    said = [re.match(r'(\w+) +(seed|mean) ', line).groups() for line in done.stdout.splitlines()]
    assert said == [('memory', 'seed'), ('memory', 'mean'), ('streamed', 'seed'),
                    ('streamed', 'mean')]
