"""Whatever is put into markup is text, and can be written."""
from sentiment.reporting.markup import Html, element, escape, join, table
from tests.reporting.pages import Page

HOSTILE = '<script>alert(1)</script>"\'&<!-- \x00\ud800\x9f'


def test_what_is_put_into_an_element_is_text():
    page = Page(element('p', HOSTILE, element('b', HOSTILE), title=HOSTILE))
    assert not page.faults and [tag for tag, _ in page.elements] == ['p', 'b']
    shown = '<script>alert(1)</script>"\'&<!-- \ufffd\ufffd\ufffd'
    assert page.tags('p') == [{'title': shown}] and page.text == shown + ' ' + shown


def test_every_text_can_be_encoded():
    escape(''.join(map(chr, range(0x110000)))).encode('utf-8')


def test_markup_is_not_escaped_twice_but_what_is_added_to_it_is():
    once = element('b', '&')
    assert escape(once) is once and join(once, '<') == '<b>&amp;</b>&lt;'
    assert isinstance(join('a'), Html) and not isinstance(once + '<i>', Html)


def test_a_table_names_its_rows_and_columns():
    page = Page(table('A caption', ('x', 'y'), [('a', 1), ('b', 2)]))
    assert [cell.get('scope') for cell in page.tags('th')] == ['col', 'col', 'row', 'row']
    assert page.where['caption'] == ['A caption']
    assert page.tags('div')[0] == {'class': 'wide', 'role': 'group', 'aria-label': 'A caption',
                                   'tabindex': '0'}
