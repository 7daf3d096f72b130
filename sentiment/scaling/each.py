"""Do one thing with each of many items: here, one after the other, or on a cluster."""
from collections import Counter
from contextlib import nullcontext
from functools import partial

from tqdm import tqdm

from sentiment.data.errors import BadInput, brief
from sentiment.log import logger, no_bar
from sentiment.scaling.result import attempt


def each_result(work, items, cluster=None):
    """Yield (place, :class:`Result`) of each item, as they come: on a cluster, or here in order.

    work: a function of an item that can be pickled, if there is a cluster; see
    :func:`~sentiment.scaling.cluster.each_result`.
    """
    if cluster is None:
        yield from enumerate(map(partial(attempt, work), items))
    elif items:
        yield from on_cluster(cluster).each_result(cluster, work, items)


def held(cluster):
    """Hold a cluster, if one is asked for, for several calls: give the address to call it by."""
    return on_cluster(cluster).at(cluster) if cluster else nullcontext()


def on_cluster(address):
    """Return the module that knows Dask; raise BadInput if that is not there."""
    try:
        from sentiment.scaling import cluster
    except ImportError as error:
        raise BadInput("--cluster %s: Dask's package distributed is needed (%s); run, in the "
                       "checkout: pip install -e '.[dask]'" % (address, error)) from error
    return cluster


def each_answer(work, items, cluster=None, unit=' parts'):
    """Yield (place, answer) of each item as they come; what failed is said, and at the end raised.

    Of what parts say, the first of a kind is said again here, others are counted. Raises BadInput.
    """
    first, said, problems = {}, Counter(), []  # kind -> the first such line, and how many
    with tqdm(total=len(items), unit=unit, leave=False, disable=no_bar()) as bar:
        for place, result in each_result(work, items, cluster):
            for kind, line in result.notes:
                if kind not in said:
                    logger.info(line)
                    first[kind] = line
                said[kind] += 1
            if result.problem:
                problems.append(result.problem)
                logger.info(result.problem)
            else:
                yield place, result.answer
            bar.update()
    for kind, count in said.items():
        if count > 1:
            logger.info('%d times in all, or the like of it: %s', count, first[kind])
    if problems:
        raise BadInput('%d of %d%s could not be done, such as %s'
                       % (len(problems), len(items), unit, brief(problems[0], 600)))
