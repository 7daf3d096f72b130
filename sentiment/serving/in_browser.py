"""What a page needs to answer by itself: the model as ONNX, and the runtime that reads it."""
import os

from sentiment.data.safe_io import BadInput

# of onnxruntime-web's dist, those that the page asks for
RUNTIME = {'ort.wasm.min.mjs': 'text/javascript', 'ort-wasm-simd-threaded.mjs': 'text/javascript',
           'ort-wasm-simd-threaded.wasm': 'application/wasm'}


def read_runtime(folder):
    """Return path of an URL -> (bytes, media type) of the files in onnxruntime-web's ``dist``;
    raises BadInput if it is another folder.
    """
    return {'/runtime/' + name: (read(os.path.join(folder, name)), kind)
            for name, kind in RUNTIME.items()}


def read(path):
    """Return the bytes of a file of the runtime."""
    try:
        with open(path, 'rb') as file:
            return file.read()
    except OSError as error:
        raise BadInput('in_browser: %s: %s; run: npm install onnxruntime-web, and give '
                       'node_modules/onnxruntime-web/dist' % (path, error.strerror)) from error
