"""Servers of the tests: the application in this process, and real ones on free ports."""
import threading
from contextlib import contextmanager
from functools import partial

from sentiment.commands import serve
from sentiment.reviews.tables import How
from sentiment.serving import about, app, server


def make_app(model, answer=None, hosts=('127.0.0.1', 'localhost'), in_browser=None):
    """Return the application of a model, as the verb makes it, or with another answer."""
    return app.make_app(
        answer or partial(serve.answer, model),
        lambda job, how: serve.answer_file(model, job,
                                           How(how['text_column'], None, how['encoding'])),
        about.all_about([('model.npz', model)], model), '0', hosts, in_browser)


@contextmanager
def running(application):
    """Run a real server in a thread; give its port."""
    bound = server.listen('127.0.0.1', 0)
    port, made = bound.getsockname()[1], server.make_server(application)
    thread = threading.Thread(target=made.run, kwargs={'sockets': [bound]})
    thread.start()
    try:
        yield port
    finally:
        made.should_exit = True
        thread.join(60)
        bound.close()
        assert not thread.is_alive()
