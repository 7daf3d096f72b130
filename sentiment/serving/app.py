"""The application: the page, and the JSON API that it uses; FastAPI describes it by itself."""
import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Dict, List, Optional, Tuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from typing_extensions import Annotated

from sentiment.serving import limits, uploads
from sentiment.serving.batching import Batcher
from sentiment.serving.limits import Guard, Refused

STATIC = os.path.join(os.path.dirname(__file__), 'static')
PAGES = {'/': 'index.html', '/docs': 'docs.html'}
TYPES = {'.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css',
         '.svg': 'image/svg+xml'}
TOGETHER, EXPLAINED_TOGETHER = 2 ** 17, 2 ** 14  # characters that the model is asked at once
Text = Annotated[str, Field(max_length=limits.MAX_CHARACTERS)]

# --- What is asked, what is answered ----------------------------------------------------------


class Texts(BaseModel):
    """Reviews."""

    model_config = ConfigDict(extra='forbid', strict=True)
    texts: List[Text] = Field(max_length=limits.MAX_TEXTS, examples=[['What a film!']])

    @field_validator('texts')
    @classmethod
    def check(cls, texts):
        """Refuse what no keyboard writes."""
        for k, text in enumerate(texts):
            if '\0' in text:
                raise ValueError('texts[%d] holds the character NUL' % k)
        return texts


class FewTexts(Texts):
    """Reviews to explain: each of their words is left out once."""

    texts: List[Text] = Field(max_length=limits.MAX_EXPLAINED, examples=[['What a film!']])

    @field_validator('texts')
    @classmethod
    def check_size(cls, texts):
        """Refuse what would take too long."""
        if sum(map(len, texts)) > limits.EXPLAINED_CHARACTERS:
            raise ValueError('the texts have more than %d characters in all'
                             % limits.EXPLAINED_CHARACTERS)
        return texts


class Answer(BaseModel):
    """What the model says of a review; null where it has no word."""

    label: Optional[str] = Field(description='the most probable class')
    probability: Optional[float] = Field(description='of the label, 0 to 1')
    probabilities: Optional[Dict[str, float]] = Field(description='of each class')
    unknown_words: Optional[float] = Field(description='share of the words that the model does '
                                                       'not know, 0 to 1')
    note: Optional[str] = Field(None, description='what else there is to know, if anything')
    problem: Optional[str] = Field(None, description='why there is no answer')


class Explained(Answer):
    """The same, and what its words change."""

    explained: Optional[str] = Field(None, description="'by word', or 'by sentence' where the text "
                                     'is long')
    towards: Optional[str] = Field(None, description='the class that a positive number speaks for')
    words: Optional[List[Tuple[str, float]]] = Field(
        None, description='each word, and by how much the log-odds fall without it')


class Answers(BaseModel):
    """An answer to each text."""

    answers: List[Answer]


class Explanations(BaseModel):
    """An explained answer to each text."""

    answers: List[Explained]


class Reason(BaseModel):
    """Why a request is not answered."""

    detail: str


class Health(BaseModel):
    """How the server is."""

    status: str = Field(description="'ok'")
    waiting: int = Field(description='requests that wait for the model')


REFUSALS = {status: {'model': Reason, 'description': why} for status, why in {
    400: 'no JSON', 408: 'the body came too slowly', 413: 'the body is too large',
    422: 'a text too many or too long, a wrong type, NUL, half a surrogate pair',
    503: 'too many requests are waiting'}.items()}

# --- The application --------------------------------------------------------------------------


def make_app(answer, answer_file, about, version, hosts=None, in_browser=None):
    """Return the ASGI application.

    answer: (list of texts, whether to explain) -> list of dicts, see Answer and Explained;
    answer_file: see :class:`~sentiment.serving.uploads.Uploads`; about: what GET /model says;
    hosts: see :class:`~sentiment.serving.limits.Guard`; in_browser: path -> (bytes, media type) of
    what the page needs to answer by itself, None where it shall not.
    """
    predicting = Batcher(lambda texts: answer(texts, False), TOGETHER)
    explaining = Batcher(lambda texts: answer(texts, True), EXPLAINED_TOGETHER)
    files = uploads.Uploads(answer_file)

    @asynccontextmanager
    async def lifespan(app):
        async with AsyncExitStack() as stack:
            for part in (predicting, explaining, files):
                await stack.enter_async_context(part)
            yield

    app = FastAPI(title='LSTM sentiment', version=version, lifespan=lifespan, docs_url=None,
                  redoc_url=None, description='Tells whether reviews are positive, by one model.')
    add_api(app, predicting, explaining, dict(about, in_browser=bool(in_browser)))
    add_files(app, files)
    add_pages(app)
    add_contents(app, in_browser or {})
    add_refusals(app)
    return Guard(app, hosts, bool(in_browser))


def add_api(app, predicting, explaining, about):
    """Add what is asked and answered in JSON."""
    @app.post('/predict', response_model=Answers, responses=REFUSALS)
    async def predict(asked: Texts):
        """Tell the label and the probabilities of each text, 256 at most."""
        return JSONResponse({'answers': await predicting.ask(asked.texts)})

    @app.post('/explain', response_model=Explanations, responses=REFUSALS)
    async def explain(asked: FewTexts, request: Request):
        """Tell also by how much the log-odds fall without each word; 16 texts at most, of 20,000
        characters together.
        """
        asking = explaining.ask(asked.texts)
        return JSONResponse({'answers': await unless_gone(request, asking)})

    @app.get('/model')
    async def model():
        """Tell how the model was trained: options, data, errors, calibration, its curves."""
        return JSONResponse(about)

    @app.get('/health', response_model=Health)
    async def health():
        """Tell that the server answers."""
        return JSONResponse({'status': 'ok', 'waiting': len(predicting.waiting)
                             + len(explaining.waiting)})


async def unless_gone(request, asking):
    """Return what is asked for; raise ClientDisconnect, and ask no more, when who wanted it leaves:
    a page does at each key, and would wait for all that it does not want any more.
    """
    asked, gone = map(asyncio.ensure_future, (asking, request.receive()))
    try:
        await asyncio.wait([asked, gone], return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise ClientDisconnect
        return asked.result()
    finally:
        asked.cancel()
        gone.cancel()


def add_files(app, files):
    """Add the answer to a whole file."""
    body = {'required': True, 'content': {'application/octet-stream': {
        'schema': {'type': 'string', 'format': 'binary'}}}}

    @app.post('/table', responses=REFUSALS, openapi_extra={'requestBody': body},
              response_class=StreamingResponse)
    async def table(request: Request, text_column: Optional[str] = None,
                    encoding: Optional[str] = None):
        """Answer a file, the body of the request, of any form that predict reads: a table, a review
        a line, an archive; 64 MiB at most. The answer comes as lines of JSON: how far it is (done,
        size: bytes), a preview of the rows, the table in its own form (base64), the end; or an
        error.
        """
        job = await files.begin(request.stream(), {'text_column': text_column or None,
                                                   'encoding': encoding or None})

        async def stream():
            try:
                async for line in uploads.lines(job):
                    yield line
            finally:
                files.end(job)
        return StreamingResponse(stream(), media_type='application/x-ndjson')


def add_pages(app):
    """Add the files of the page; they come from here alone."""
    def add(path, name):
        @app.get(path, include_in_schema=False)
        async def page():
            return FileResponse(os.path.join(STATIC, name), media_type=TYPES[
                os.path.splitext(name)[1]], headers={'Cache-Control': 'no-cache'})

    for path, name in PAGES.items():
        add(path, name)
    for name in sorted(os.listdir(STATIC)):
        if os.path.splitext(name)[1] in TYPES and name not in PAGES.values():
            add('/' + name, name)


def add_contents(app, contents):
    """Add files that are in memory, path -> (bytes, media type)."""
    def add(path, content, kind):
        @app.get(path, include_in_schema=False)
        async def send():
            return Response(content, media_type=kind)

    for path, (content, kind) in contents.items():
        add(path, content, kind)


def add_refusals(app):
    """Have every refusal answered by a status and one line."""
    @app.exception_handler(Refused)
    async def refused(request, error):
        return JSONResponse({'detail': error.reason}, error.status, {'Retry-After': '1'})

    @app.exception_handler(RequestValidationError)
    async def invalid(request, error):
        first = error.errors()[0]
        status = 400 if first['type'] == 'json_invalid' else 422
        return JSONResponse({'detail': in_words(first)}, status)

    @app.exception_handler(HTTPException)
    async def failed(request, error):
        return JSONResponse({'detail': str(error.detail)}, error.status_code, error.headers)


def in_words(error):
    """Return one line on an error of validation; what was sent is not repeated."""
    if error['type'] == 'json_invalid':
        return 'not JSON: %s' % error.get('ctx', {}).get('error', error['msg'])
    if error['type'] == 'missing' or error['loc'] == ('body',):
        return 'the body is to be JSON, {"texts": [...]}, sent as application/json'
    where = '.'.join(str(part) for part in error['loc'][1:] if len(str(part)) <= 50)
    return ' '.join(('%s: %s' % (where, error['msg'].replace('Value error, ', ''))).split())
