"""Pictures as part of a page: matplotlib's SVG, in the page's own ink and letters."""
import io
import re

from sentiment.reporting.markup import Html, element, named, paragraph
from sentiment.training import plots

SIZE = 5, 3.2  # inches
# letters stay letters, which a page shows in its own font and a reader can find
STYLE = {'svg.fonttype': 'none', 'svg.hashsalt': 'report', 'font.size': 11,
         'axes.spines.top': False, 'axes.spines.right': False, 'legend.framealpha': 0}
# what a page has no use for: what stands before the picture, its metadata, a style of all that is
# on the page, the names of name spaces
LEFT_OUT = re.compile(r'\A.*?(?=<svg)|<metadata>.*?</metadata>|<style.*?</style>'
                      r'| xmlns(:\w+)?="[^"]*"', re.DOTALL)
REFERENCE = re.compile(r'( id="|href="#|url\(#)')
BLACK = re.compile(r'#000000\b')


def course(file, number):
    """Return the pictures of how a model was trained, or a paragraph that says why there are none.

    file: a :class:`~sentiment.reporting.card.File`; number: what tells its pictures from others of
    the page. Raises BadInput as :func:`sentiment.training.plots.pictures_of` does.
    """
    lacking = [name for name in plots.COURSE if name not in file.arrays]
    if lacking:
        return paragraph('The file does not tell how it was trained: it has no %s.' % lacking[0])
    found = plots.pictures_of(file.name, file.arrays)
    return element('div', *[figure(draw, data, 'm%dp%d-' % (number, k))
                            for k, (draw, data) in enumerate(found)], class_='grid')


def figure(draw, data, prefix):
    """Return what ``draw(axes, data)`` draws as a figure, its title as the caption.

    prefix: of the names of its parts, which must differ from those of the page's other pictures.
    """
    import matplotlib
    from matplotlib.figure import Figure
    with matplotlib.rc_context(STYLE):
        drawn = Figure(figsize=SIZE, layout='constrained')
        axes = drawn.subplots()
        draw(axes, data)
        title = axes.get_title()
        axes.set_title('')
        file = io.BytesIO()
        drawn.savefig(file, format='svg', transparent=True, metadata={'Date': None})
    return element('figure', inline(file.getvalue().decode('utf-8'), prefix, title),
                   element('figcaption', title))


def inline(svg, prefix, title):
    """Return matplotlib's SVG as an element of a page: names of its own, black as the page's ink.
    """
    svg = REFERENCE.sub(r'\g<1>' + prefix, BLACK.sub('currentColor', LEFT_OUT.sub('', svg)))
    return Html(svg.replace('<svg', '<svg' + named(role='img', aria_label=title), 1))
