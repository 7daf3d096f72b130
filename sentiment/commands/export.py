"""Export: a model as a file of ONNX, which runs without this program."""
import importlib
import os

from sentiment.commands.common import load, verb_parser
from sentiment.data.safe_io import BadInput, check_can_write, write_whole

NEEDED, ENDS = ('onnx', 'onnxruntime'), '.onnx'


def export(arguments):
    """Write a model as a file of ONNX."""
    parser = verb_parser(
        'export', 'Write a model as an ONNX file, which runs without this program: in Python, in a '
        'browser, on a phone. It holds the words, the tokenizer\'s name and the classes; '
        'docs/onnx.md shows how it is asked. It is compared with predict on 200 texts first.',
        epilog='example: python lstm.py export lstm_model.npz model.onnx --int8')
    parser.add_argument('output', metavar='FILE', help='the file to write, .onnx')
    parser.add_argument('--int8', action='store_true',
                        help='8 bits for the weights of the words and of the LSTM: a quarter of '
                             'the size, a few labels in a thousand differ')
    options = parser.parse_intermixed_args(arguments)
    check_needed()
    if not options.output.lower().endswith(ENDS):  # such as another model, which would be lost
        raise BadInput('%s: an export ends in %s' % (options.output, ENDS))
    check_can_write(options.output)
    if os.path.realpath(options.output) == os.path.realpath(options.model):
        raise BadInput('%s: the export would take the place of the model' % options.output)
    from sentiment.portable.export import export as make
    content, largest, others = make(load(options), options.int8)
    with write_whole(options.output) as file:
        file.write(content)
    print('%s: %.2f MB; on 200 texts, probabilities differ from predict by %.1g at most, %d labels '
          'differ' % (options.output, len(content) / 1e6, largest, others))


def check_needed():
    """Raise BadInput unless the packages of the extra are there."""
    for name in NEEDED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise BadInput("export needs the package %s: pip install -e '.[onnx]'" % name
                           ) from error
