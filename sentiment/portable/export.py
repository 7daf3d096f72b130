"""Export: from a model to the bytes of an ONNX file that was tried out."""
from sentiment.portable.about import describe
from sentiment.portable.compare import check
from sentiment.portable.graph import build
from sentiment.using.ask import check_words


def export(model, int8=False):
    """Return (bytes of an ONNX file, largest difference from predict, number of other labels).

    int8: in a quarter of the size, see :func:`~sentiment.portable.quantize.quantize`. The
    differences are those on 200 texts that are drawn from the model's words. Raises BadInput if
    the model cannot be exported, or they are too large.
    """
    check_words(model)
    made = build(model, describe(model, int8))
    if int8:
        from sentiment.portable.quantize import quantize  # half a second
        made = quantize(made)
    content = made.SerializeToString()
    return (content,) + check(content, model, int8)
