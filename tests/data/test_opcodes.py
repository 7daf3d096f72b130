"""A pickle that would take memory without end is refused before it is unpickled."""
import pickle
import pickletools
import struct
import tracemalloc

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data import opcodes, unpickling
from sentiment.data.errors import BadInput
from sentiment.data.opcodes import check_pickles, scan
from sentiment.data.pickles import read_sets
from sentiment.data.unpickling import unpickle

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2 ** 70, 2 ** 70) | st.floats() | st.text()
    | st.binary(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    | st.tuples(inner, inner))


@given(value=VALUES, protocol=st.integers(0, pickle.HIGHEST_PROTOCOL), rest=st.binary(max_size=9))
def test_whatever_pickle_writes_of_plain_data_is_passed(value, protocol, rest):
    data = pickle.dumps(value, protocol)
    assert scan(data + rest, 0) == len(data)


@given(value=VALUES, protocol=st.integers(0, pickle.HIGHEST_PROTOCOL), cut=st.floats(0, 0.999))
def test_a_pickle_that_is_cut_off_is_refused(value, protocol, cut):
    data = pickle.dumps(value, protocol)
    with pytest.raises(ValueError):
        check_pickles(data[:int(cut * len(data))], 1)


def test_every_instruction_of_plain_data_is_known():
    refused = {'PERSID', 'BINPERSID', 'EXT1', 'EXT2', 'EXT4', 'NEWOBJ', 'NEWOBJ_EX', 'EMPTY_SET',
               'ADDITEMS', 'FROZENSET', 'NEXT_BUFFER', 'READONLY_BUFFER', 'STOP'}
    for opcode in pickletools.opcodes:
        code = opcode.code.encode('latin1')
        known = (opcodes.PLAIN.match(code + bytes(8)).end() or opcodes.OBJECTS.match(code)
                 or code[0] in opcodes.SKIP or code == b'I')
        assert bool(known) == (opcode.name not in refused), opcode.name


def refuse(data):
    """Unpickle bytes; return the one line with which they are refused, and the peak of memory."""
    tracemalloc.start()
    try:
        with pytest.raises(BadInput) as caught:
            unpickle('x.pkl', data, 1)
        return str(caught.value), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


MANY = 400000


@pytest.mark.parametrize('data, named', [
    (b'\x80\x02]r\x00\x84\xd7\x17.', 'object number 400000000'),
    (b'\x80\x02]r\xff\xff\xff\xff.', 'object number'), (b'(lp400000000\n.', 'object number'),
    (b'\x80\x04\x95' + struct.pack('<Q', 2 ** 40) + b'].', 'cut off'),
    (b'\x80\x02X\xff\xff\xff\xff.', 'cut off'), (b'\x80\x02T\xff\xff\xff\x7f.', 'cut off'),
    (b'\x80\x04\x8d' + b'\xff' * 8 + b'.', 'cut off'),
    (b'\x80\x04\x8e' + struct.pack('<Q', 2 ** 62) + b'.', 'cut off'),
    (b'\x80\x05\x96' + struct.pack('<Q', 2 ** 34) + b'.', 'cut off'),
    (b'\x80\x02\x8b\xff\xff\xff\x7f.', 'cut off'),
    (b'\x80\x02(' + b']' * MANY + b't.', 'objects in'),
    (b'\x80\x02N' + b'\x85' * MANY + b'.', 'objects in'),
    (b'\x80\x04(' + b'\x8f' * 10 + b't.', 'none of a pickle'),
    (b'I' + b'9' * 10 ** 6 + b'\n.', 'none of a pickle'), (b'L' + b'9' * 99 + b'L\n.', 'none of'),
    (b'\x80\x02\x8a\x0a' + b'\xff' * 10 + b'.', 'an integer of 10 bytes'),
    (b'P1\n.', 'none of a pickle'), (b'', 'empty')])
def test_a_pickle_that_asks_for_much_is_refused_in_time(data, named):
    text, peak = refuse(data)
    assert named in text and len(text) < 300
    assert peak < 2 ** 20 + 20 * len(data)


def test_an_honest_pickle_of_small_reviews_is_passed():
    reviews = [[k % 200] for k in range(300000)]
    check_pickles(pickle.dumps(reviews, 2), 1)
    check_pickles(pickle.dumps(reviews, 4), 1)


def repeat_array(n_bytes, times):
    """Pickle one text and many arrays made of it."""
    shape = b'M' + struct.pack('<H', n_bytes) + b'\x85'
    return (b'\x80\x03B' + struct.pack('<I', n_bytes) + bytes(n_bytes) + b'q\x010'
            b'cnumpy.core.numeric\n_frombuffer\nq\x000'
            b'cnumpy\ndtype\nX\x02\x00\x00\x00i1\x85Rq\x020'
            b'(' + (b'h\x00(h\x01h\x02' + shape + b'X\x01\x00\x00\x00CtR') * times + b't.')


def test_one_text_does_not_become_many_arrays():
    assert len(unpickle('x.pkl', repeat_array(100, 10), 1)[0]) == 10
    text, peak = refuse(repeat_array(60000, 2000))
    assert 'take more memory' in text and peak < 10 ** 7


def test_one_text_does_not_become_many_texts():
    data = (b'\x80\x02c_codecs\nencode\nq\x000X' + struct.pack('<I', 60000) + b'a' * 60000
            + b'X\x06\x00\x00\x00latin1\x86q\x010(' + b'h\x00h\x01R' * 2000 + b't.')
    text, peak = refuse(data)
    assert 'take more memory' in text and peak < 10 ** 7


def test_a_type_without_an_end_is_refused_briefly():
    for code in ('i4,' * 200000, ['i4'] * 10, 'O', 'V8', 'f8', '(2,)i4', 'i3'):
        data = b'\x80\x02cnumpy\ndtype\n' + pickle.dumps(code, 2)[2:-1] + b'\x85R.'
        text, _ = refuse(data)
        assert 'not of integers' in text and len(text) < 400


def test_a_nest_of_lists_is_not_written_out():
    value = 'i4'
    for _ in range(40):
        value = [value] * 10
    data = b'\x80\x02cnumpy\ndtype\n' + pickle.dumps(value, 2)[2:-1] + b'\x85R.'
    assert 'not of integers' in refuse(data)[0]
    data = (b'\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00a' + pickle.dumps(value, 2)[2:-1]
            + b'\x86R.')
    assert 'asks for the encoding' in refuse(data)[0]


def test_a_review_named_often_does_not_fill_the_memory(tmp_path):
    review = list(range(2, 50000))
    sets = ([review] * 10000, [0, 1] * 5000)
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(sets, 2) + pickle.dumps(sets, 2))
    tracemalloc.start()
    with pytest.raises(BadInput, match='more words than its file has room for'):
        read_sets(str(tmp_path / 'a.pkl'))
    assert tracemalloc.get_traced_memory()[1] < 5 * 10 ** 7
    tracemalloc.stop()


def test_the_budget_is_for_all_arrays_together():
    arrays = [numpy.arange(1000)] * 2 + [numpy.arange(5)]
    assert len(unpickle('x', pickle.dumps(arrays, 2), 1)[0]) == 3
    assert unpickling.Budget(0).left > 0
