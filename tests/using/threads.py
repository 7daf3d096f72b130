"""Ask one model from many threads: python -m tests.using.threads MODEL.npz TEXT TEXT"""
import sys
import threading

import numpy

from sentiment import load_model, predict


def count_wrong(model, texts, n_threads=8, n_calls=2000):
    """Return how many of so many answers are not, bit for bit, those of one thread alone."""
    right = [predict(model, [text]) for text in texts]
    wrong, done = [], []

    def ask(first):
        for number in range(first, n_calls, n_threads):
            k = (number // n_threads + first) % len(texts)
            try:
                if not numpy.array_equal(predict(model, [texts[k]]), right[k]):
                    wrong.append(number)
            except Exception as error:  # of a thread, which pytest would not see
                wrong.append(error)
            done.append(number)

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == n_calls
    return len(wrong)


if __name__ == '__main__':
    print(count_wrong(load_model(sys.argv[1]), sys.argv[2:]), 'wrong')
