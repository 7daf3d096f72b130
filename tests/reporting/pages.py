"""A page, read as a browser does: its elements, its words, what it refers to."""
from html.parser import HTMLParser

VOID = {'meta', 'br'}


class Page(HTMLParser):
    """Elements, a list of (tag, dict of attributes); text; ``where``: tag -> texts inside such."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.pieces, self.where, self.faults = [], [], [], {}, []
        self.feed(source)
        self.close()
        self.faults += ['never closed: %s' % tag for tag in self.open]
        self.text = ' '.join(' '.join(self.pieces).split())

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if len(dict(attributes)) < len(attributes):
            self.faults.append('an attribute twice: %s' % tag)
        if tag not in VOID:
            self.open.append(tag)
            if tag not in ('style', 'title'):
                self.where.setdefault(tag, []).append('')

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append('closed, but not open: %s' % tag)

    def handle_data(self, data):
        if 'style' in self.open or 'title' in self.open:
            return
        self.pieces.append(data)
        for tag in set(self.open) & set(self.where):
            self.where[tag][-1] += data

    def handle_comment(self, data):
        self.faults.append('a comment: %s' % data)

    def tags(self, name):
        """Return the attributes of the elements of a name."""
        return [attributes for tag, attributes in self.elements if tag == name]

    def row(self, heading):
        """Return the text of the one row of a table whose heading is this."""
        cells = [row for row in self.where['tr'] if row.startswith(heading)]
        assert len(cells) == 1, (heading, self.where['tr'])
        return cells[0]


def assert_stands_alone(source):
    """Assert that a page is well-formed and that nothing in it runs or comes from elsewhere; return
    it, read.
    """
    page = Page(source)
    assert not page.faults
    assert source.startswith('<!doctype html>')
    for tag, attributes in page.elements:
        assert tag not in ('script', 'iframe', 'object', 'embed', 'link', 'base', 'form', 'img')
        for name, value in attributes.items():
            assert not name.startswith('on') and name != 'src', (tag, name)
            if name.endswith('href'):
                assert value.startswith('#'), value
            assert 'url(' not in value or value.startswith('url(#'), value
    policy, = [meta['content'] for meta in page.tags('meta')
               if meta.get('http-equiv') == 'Content-Security-Policy']
    assert "default-src 'none'" in policy and 'script' not in policy
    styles = source.split('<style>')[1].split('</style>')[0]
    assert 'url(' not in styles and '@import' not in styles
    names = [attributes['id'] for _, attributes in page.elements if 'id' in attributes]
    assert len(names) == len(set(names))
    for _, attributes in page.elements:
        for name, value in attributes.items():
            if name.endswith('href'):
                assert value[1:] in names, value
    return page
