"""Write the toy data of the tests into a folder: python -m tests.toy FOLDER"""
import os
import sys

from tests.helpers import write_toy_pickle

os.makedirs(sys.argv[1], exist_ok=True)
write_toy_pickle(os.path.join(sys.argv[1], 'imdb.pkl'))
