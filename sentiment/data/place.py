"""Where data is kept that was fetched or preprocessed."""
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def data_folder():
    """Return the folder's path: what SENTIMENT_DATA says; in a checkout, ``data`` beside lstm.py;
    where the package is installed, the user's cache folder.
    """
    if os.environ.get('SENTIMENT_DATA'):
        return os.environ['SENTIMENT_DATA']
    if os.path.isfile(os.path.join(ROOT, 'setup.cfg')):
        return os.path.join(ROOT, 'data')
    import pooch  # a tenth of a second
    return os.path.join(str(pooch.os_cache('lstm-sentiment')), 'data')
