"""Reading what came from outside, writing what must survive: what the other rooms need of it.

Whatever is wrong with a file that the user gave, or that the network brought, ends as a
:class:`BadInput` whose text is the one line that the user sees.
"""
from sentiment.data.arrays import load_arrays
from sentiment.data.errors import BadInput, brief, naming, reason, shown
from sentiment.data.opening import (MAX_BYTES, file_hash, open_bounded, open_readable,
                                    open_regular, read_bounded)
from sentiment.data.unpickling import load_pickles, unpickle
from sentiment.data.writing import check_can_write, check_can_write_in, settle, write_whole

__all__ = ['MAX_BYTES', 'BadInput', 'brief', 'check_can_write', 'check_can_write_in', 'file_hash',
           'load_arrays', 'load_pickles', 'naming', 'open_bounded', 'open_readable',
           'open_regular', 'read_bounded', 'reason', 'settle', 'shown', 'unpickle', 'write_whole']
