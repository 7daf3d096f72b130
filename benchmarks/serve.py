"""Load on the server: 32 clients at once, what waits answered together, and one by one.

    python benchmarks/serve.py lstm_model.npz --seconds 60

Each client sends the next text when it has the last answer; servers take turns, round by round, so
that what else the machine does falls on both alike. Every answer is held against predict's. All of
it runs on this machine, so the clients, a process of their own, take their share of it.
"""
import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

TOLERANCE = 1e-5  # of a probability: a batch adds up its float32 products in another order
# what takes one request at a time is the same server, told that no two fit into a batch
SERVER = ('import sys; sys.path.insert(0, %r); from sentiment.serving import app; '
          'app.TOGETHER = %s; from sentiment.commands.main import main; '
          "sys.argv[0] = 'lstm.py'; sys.exit(main(['serve'] + sys.argv[1:]))")
WAYS = {'together': 'app.TOGETHER', 'one by one': '0'}


def start(model, way):
    """Start a server; return its process and its port."""
    process = subprocess.Popen([sys.executable, '-c', SERVER % (ROOT, WAYS[way]), model, '--port',
                                '0'], stderr=subprocess.PIPE, universal_newlines=True)
    for line in process.stderr:
        if 'listening on' in line:
            return process, int(line.split('http://127.0.0.1:')[1].split()[0])
    raise SystemExit('the server did not start')


def read_texts(path, n_texts):
    """Return texts to ask about: the lines of a file, else the rated sentences to test on."""
    if path:
        with open(path, encoding='utf-8') as file:
            lines = [line.strip() for line in file if line.strip()]
    else:
        from sentiment.data import place, snippets
        os.makedirs(place.data_folder(), exist_ok=True)
        lines = snippets.split(snippets.parse(snippets.fetch()))[1][0]
    return lines[:n_texts]


def request_of(text):
    """Return the bytes of a request."""
    body = json.dumps({'texts': [text]}).encode()
    return (b'POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n'
            b'Content-Length: %d\r\n\r\n' % len(body)) + body


async def client(port, requests, first, end, seen):
    """Ask until the end; note (which text, seconds, status, body) of each answer."""
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    k = first
    while time.monotonic() < end:
        begun = time.perf_counter()
        writer.write(requests[k % len(requests)])
        head = await reader.readuntil(b'\r\n\r\n')
        size = int(head.lower().split(b'content-length:')[1].split(b'\r')[0])
        body = await reader.readexactly(size)
        seen.append((k % len(requests), time.perf_counter() - begun, int(head[9:12]), body))
        k += 7
    writer.close()


async def load(port, requests, n_clients, seconds):
    """Return what all clients noted, and the seconds that it took."""
    seen, begun = [], time.monotonic()
    await asyncio.gather(*[client(port, requests, k, begun + seconds, seen)
                           for k in range(n_clients)])
    return seen, time.monotonic() - begun


def compare(seen, expected):
    """Return (how many statuses are no 200, how many answers are not predict's)."""
    failed = sum(status != 200 for _, _, status, _ in seen)
    wrong = 0
    for k, _, status, body in seen:
        if status == 200:
            answer, = json.loads(body)['answers']
            probs = list(answer['probabilities'].values())
            wrong += any(abs(p - q) > TOLERANCE for p, q in zip(probs, expected[k]))
    return failed, wrong


def figures(rounds, expected):
    """Return the requests a second of each round of one server, and a line on them."""
    seen = [one for some, _ in rounds for one in some]
    times = sorted(1000 * one[1] for one in seen)
    rates = [len(some) / seconds for some, seconds in rounds]
    failed, wrong = compare(seen, expected)
    middle, late = times[len(times) // 2], times[int(0.99 * len(times))]
    return rates, ('%6.0f requests/s  median %6.1f ms  99th percentile %6.1f ms  %d requests, %d '
                   "errors, %d answers not predict's" % (
                       statistics.median(rates), middle, late, len(seen), failed, wrong))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('model')
    parser.add_argument('--texts', metavar='FILE',
                        help='texts, one a line (default: the rated sentences to test on)')
    parser.add_argument('--n_texts', type=int, default=1000)
    parser.add_argument('--clients', type=int, default=32)
    parser.add_argument('--seconds', type=float, default=60, help='of each server, in all')
    parser.add_argument('--rounds', type=int, default=4)
    options = parser.parse_args()
    from sentiment.commands.common import load as load_model
    from sentiment.using.ask import predict
    texts = read_texts(options.texts, options.n_texts)
    expected = predict(load_model(argparse.Namespace(model=options.model, average=[],
                                                     dictionary=None)), texts).tolist()
    requests = [request_of(text) for text in texts]
    rounds, rates = {way: [] for way in WAYS}, {}
    servers = {way: start(options.model, way) for way in WAYS}
    try:
        for way in WAYS:  # what a first batch of each size compiles or loads is no load
            asyncio.run(load(servers[way][1], requests, options.clients, 2))
        for _ in range(options.rounds):
            for way, (_, port) in servers.items():
                rounds[way].append(asyncio.run(load(port, requests, options.clients,
                                                    options.seconds / options.rounds)))
    finally:
        for process, _ in servers.values():
            process.terminate()
            process.wait()
    for way in WAYS:
        rates[way], line = figures(rounds[way], expected)
        print('%-10s %s' % (way, line))
    ratios = sorted(one / other for one, other in zip(*rates.values()))
    print('together / one by one: %.1f, the median of %d rounds (%.1f to %.1f)'
          % (statistics.median(ratios), len(ratios), ratios[0], ratios[-1]))


if __name__ == '__main__':
    main()
