"""Markup: whatever is put into an element is escaped, unless it is an element itself."""
import html
import re

# what HTML cannot hold, or no encoder: controls, halves of surrogate pairs, no characters
FORBIDDEN = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]')
NEWLINE = re.compile('\r\n?')
VOID = ('meta', 'br')
SPACE = '\u00a0'  # one at which no line breaks


class Html(str):
    """Text that is markup: only :func:`element` and :func:`join` make it, of escaped parts."""


def escape(value):
    """Return a value as markup: text in which nothing is markup, or the markup that it is."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(FORBIDDEN.sub('\ufffd', NEWLINE.sub('\n', str(value)))))


def join(*parts):
    """Return the parts, texts and markup, as one piece of markup."""
    return Html(''.join(map(escape, parts)))


def element(tag, /, *parts, **attributes):
    """Return an element of these parts, whose attributes are those of :func:`named`."""
    end = '' if tag in VOID else '%s</%s>' % (join(*parts), tag)
    return Html('<%s%s>%s' % (tag, named(**attributes), end))


def named(**attributes):
    """Return attributes as markup, but for those that are None; ``class_`` is class, and
    ``aria_label`` aria-label.
    """
    return Html(''.join(' %s="%s"' % (name.strip('_').replace('_', '-'), escape(value))
                        for name, value in attributes.items() if value is not None))


def paragraph(*parts):
    """Return a paragraph."""
    return element('p', *parts)


def section(name, title, *parts):
    """Return a section that the page's list of contents can point to."""
    return element('section', element('h2', title, id=name), *parts, aria_labelledby=name)


def table(caption, head, rows, numbers=True):
    """Return a table whose rows begin with their heading, in a box that scrolls where it is narrow.

    head: of the columns, or None; numbers: whether the other cells stand at the right.
    """
    top = element('thead', element('tr', *[element('th', name, scope='col')
                                           for name in head])) if head else ''
    body = element('tbody', *[element('tr', element('th', row[0], scope='row'),
                                      *[element('td', cell) for cell in row[1:]])
                              for row in rows])
    shown = element('table', element('caption', caption), top, body,
                    class_='numbers' if numbers else None)
    return element('div', shown, class_='wide', role='group', aria_label=caption, tabindex=0)


def percent(share, digits=2):
    """Return a fraction of 0 to 1 as per cent; a dash of none."""
    return '\u2013' if share is None else '%.*f%s%%' % (digits, 100 * share, SPACE)


def signed(value, digits=2):
    """Return a number with its sign, a true minus."""
    return ('%+.*f' % (digits, value)).replace('-', '\u2212')


def grouped(number):
    """Return a whole number, its thousands apart."""
    return '{:,}'.format(number)
