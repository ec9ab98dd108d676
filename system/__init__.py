"""The reference checkout system: FastAPI on uvicorn, PostgreSQL, Redis."""
