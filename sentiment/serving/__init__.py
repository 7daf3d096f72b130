"""Serving a model: a page to type into and a JSON API, by FastAPI and uvicorn."""
